# Has ${PROGRAM} write its manual page and completions into ${OUTPUT}.
file(MAKE_DIRECTORY ${OUTPUT})

function(write_page name)
  execute_process(COMMAND ${PROGRAM} ${ARGN}
    OUTPUT_FILE ${OUTPUT}/${name} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

write_page(gapcheck.1 man ${TODAY})
write_page(gapcheck completion bash)
write_page(_gapcheck completion zsh)
write_page(gapcheck.fish completion fish)
