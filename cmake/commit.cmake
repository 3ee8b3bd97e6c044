# Writes ${OUTPUT}, a header with the commit of the tree in ${SOURCE}, if it is not the one that
# stands there: run at every build, it lets nothing be compiled again unless the commit changed.
#
# A checkout asks git (and says `-dirty` where files of it were changed), an archive made by
# `git archive` carries it in archive-commit.txt, and anything else says that it does not know.
set(commit "unknown (neither a git checkout nor an archive of one)")

file(READ ${SOURCE}/cmake/archive-commit.txt archived)
string(STRIP "${archived}" archived)
if(archived MATCHES "^[0-9a-f]+$")
  set(commit ${archived})
endif()

# Only its own repository counts: an archive may have been unpacked inside of another one.
find_program(GIT git)
if(GIT AND EXISTS ${SOURCE}/.git)
  execute_process(COMMAND ${GIT} describe --always --dirty --abbrev=12 --exclude=*
    WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE described RESULT_VARIABLE failed
    ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed)
    set(commit ${described})
  endif()
endif()

set(text "#define GAPCHECK_COMMIT \"${commit}\"\n")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
