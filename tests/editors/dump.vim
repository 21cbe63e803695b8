" For each file named on the command line, in that order: its file type, and for each line the syntax group of each byte; as JSON
" into the file that $EVDSL_DUMP names. Run with: vim -e -s -N -n -u NONE -i NONE -S dump.vim FILE...
set encoding=utf-8
let &runtimepath = $EVDSL_VIM . ',' . &runtimepath
filetype on
syntax on
let s:made = []
for s:file in argv()
  execute 'edit' fnameescape(s:file)
  let s:lines = []
  for s:line in range(1, line('$'))
    call add(s:lines, map(range(1, len(getline(s:line))), 'synIDattr(synID(s:line, v:val, 0), "name")'))
  endfor
  call add(s:made, {'filetype': &filetype, 'lines': s:lines})
endfor
call writefile([json_encode(s:made)], $EVDSL_DUMP)
qall!
