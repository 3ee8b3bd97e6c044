/* What makes two failures the same one: the rule, its level, and what the judge gives as the cause,
 * numbers aside. It follows one failure from play to play; it does not judge. */
#ifndef GAPCHECK_CORE_FAILURE_H
#define GAPCHECK_CORE_FAILURE_H

#include "core/judge.h"

struct failure {
    enum rule rule;
    enum rule_level level;
    char *kind; /* the cause (or, without one, the message) as a pattern; owned */
};

/* Of that finding; released with failure_free. */
void failure_of(const struct finding *finding, struct failure *failure);
void failure_free(struct failure *failure);

bool failure_is_same(const struct failure *left, const struct failure *right);

/* The first finding of that failure, or NULL. */
const struct finding *failure_find(const struct failure *failure,
                                   const struct judgement *judgement);

/* How clearly a play shows the failure, from 0 to FAILURE_GRADE_MAX. */
enum failure_grade {
    FAILURE_GRADE_NONE,    /* it is not there */
    FAILURE_GRADE_HIDDEN,  /* it is there, beside something worse */
    FAILURE_GRADE_MIXED,   /* the verdict is its own; other rules are broken too */
    FAILURE_GRADE_ALONE,   /* nothing else is wrong */
};
#define FAILURE_GRADE_MAX FAILURE_GRADE_ALONE

enum failure_grade failure_grade(const struct failure *failure,
                                 const struct judgement *judgement);

/* Appends the pattern of a sentence: numbers and dates are `#`, what stands in backticks or braces
 * is left out, plural and singular are one, and a list of markers is one marker. */
void failure_append_kind(const char *sentence, struct buffer *out);

#endif
