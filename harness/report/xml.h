/* Text inside XML: what is not allowed there is left out or replaced, never passed on. */
#ifndef GAPCHECK_REPORT_XML_H
#define GAPCHECK_REPORT_XML_H

#include "core/buffer.h"

/* Appends `text` so that it may stand in an element or a quoted attribute. Control characters and
 * broken UTF-8 become \xNN; line breaks stay in elements and are escaped in attributes. */
void xml_append_text(const char *text, struct buffer *out);
void xml_append_attribute(const char *name, const char *value, struct buffer *out);

#endif
