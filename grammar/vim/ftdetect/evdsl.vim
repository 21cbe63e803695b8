autocmd BufNewFile,BufRead *.events setfiletype evdsl
