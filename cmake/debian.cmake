# What Debian wants otherwise than `cmake --install` does it; run by cpack on the folder that
# becomes the package.
set(usr ${CPACK_TEMPORARY_DIRECTORY}/usr)
if(NOT EXISTS ${usr}/bin/gapcheck)
  message(FATAL_ERROR "cpack has no gapcheck in ${usr}")
endif()

file(MAKE_DIRECTORY ${usr}/share/zsh/vendor-completions)
file(RENAME ${usr}/share/zsh/site-functions/_gapcheck ${usr}/share/zsh/vendor-completions/_gapcheck)
file(REMOVE_RECURSE ${usr}/share/zsh/site-functions)

execute_process(COMMAND gzip -9n ${usr}/share/man/man1/gapcheck.1 COMMAND_ERROR_IS_FATAL ANY)

# The licence by the name that Debian looks for (DEP 5): every line indented, blank ones a dot.
set(doc ${usr}/share/doc/gapcheck)
file(READ ${doc}/LICENSE license)
file(REMOVE ${doc}/LICENSE)
string(REGEX REPLACE "^MIT License\n+Copyright \\(c\\) ([^\n]+)\n+" "" license "${license}")
set(holder "${CMAKE_MATCH_1}")
if(NOT holder)
  message(FATAL_ERROR "LICENSE does not begin as the MIT licence does")
endif()
string(STRIP "${license}" license)
string(REPLACE "\n\n" "\n.\n" license "${license}")
string(REPLACE "\n" "\n " license "${license}")
file(WRITE ${doc}/copyright
"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: gapcheck

Files: *
Copyright: ${holder}
License: Expat
 ${license}
")
