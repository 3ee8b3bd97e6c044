/* What `gapcheck --version` says. */
#ifndef GAPCHECK_VERSION_H
#define GAPCHECK_VERSION_H

#include <stdio.h>

/* The version, the commit that it was built from, and the libraries it runs with. */
void version_print(FILE *file);

#endif
