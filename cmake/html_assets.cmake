# Writes the files of harness/report/html as arrays into one C source, so that the binary needs no
# other file. A bundle is one script made of several modules in the order given, each behind what it
# uses: a function around each keeps its own names to itself, and hands out what it exports. So only
# exported names must differ between them.
#
#   cmake -DFOLDER=… -DOUTPUT=… -DBUNDLES=NAME=a.js,b.js+NAME2=a.js,c.js -P html_assets.cmake
set(names page.html serve.html style.css)
foreach(name ${names})
  file(READ ${FOLDER}/${name} hex HEX)
  set(hex_of_${name} ${hex})
endforeach()

string(REPLACE "+" ";" bundles ${BUNDLES})
foreach(bundle ${bundles})
  string(REGEX MATCH "^([^=]+)=(.+)$" unused ${bundle})
  set(name ${CMAKE_MATCH_1})
  string(REPLACE "," ";" modules "${CMAKE_MATCH_2}")
  set(script "")
  foreach(module ${modules})
    file(READ ${FOLDER}/${module} text)
    string(REGEX REPLACE "\nimport [^;]*;" "" text "\n${text}")
    string(REGEX MATCHALL "\nexport (async )?(function|const) [A-Za-z0-9_]+" exports "${text}")
    list(TRANSFORM exports REPLACE ".* " "")
    list(JOIN exports ", " exports)
    string(REGEX REPLACE "\nexport " "\n" text "${text}")
    string(APPEND script "const { ${exports} } = (() => {${text}return { ${exports} };\n})();\n")
  endforeach()
  string(HEX "${script}" hex)
  list(APPEND names ${name})
  set(hex_of_${name} ${hex})
endforeach()

set(source "#include \"report/html_assets.h\"\n\n")
set(table "const struct html_asset HTML_ASSETS[] = {\n")
set(index 0)
foreach(name ${names})
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex_of_${name}}")
  string(APPEND source "static const unsigned char asset_${index}[] = {${bytes}};\n")
  string(APPEND table
    "    {\"${name}\", (const char *)asset_${index}, sizeof asset_${index}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT} "${source}\n${table}    {0},\n};\n")
