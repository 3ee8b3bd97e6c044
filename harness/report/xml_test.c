#include "report/xml.h"

#include <criterion/criterion.h>

Test(xml, text_holds_nothing_that_xml_forbids)
{
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"a < b && c > \"d\"", "a &lt; b &amp;&amp; c &gt; &quot;d&quot;"},
        {"]]>", "]]&gt;"},
        {"\033[31m\x07", "\\x1B[31m\\x07"},
        {"two\nlines\n", "two\nlines\n"},
        {"\xC3\xA9 \xF0\x9F\x98\x80", "\xC3\xA9 \xF0\x9F\x98\x80"},
        {"\xFF\xC3", "\\xFF\\xC3"},
        {"\xEF\xBF\xBE\xEF\xBF\xBF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xEF\xBF\xBD", "\xEF\xBF\xBD"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out;
        buffer_init(&out, BUFFER_NO_LIMIT);
        xml_append_text(cases[i][0], &out);
        cr_expect_str_eq(buffer_text(&out), cases[i][1], "case %zu", i);
        buffer_free(&out);
    }
}

Test(xml, attribute_stays_on_its_line)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    xml_append_attribute("name", "a\nb\t\"c\"", &out);
    cr_expect_str_eq(buffer_text(&out), " name=\"a\\x0Ab\\x09&quot;c&quot;\"");
    buffer_free(&out);
}
