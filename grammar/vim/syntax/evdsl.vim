" Vim syntax file of evdsl, https://github.com/evdsl/evdsl
" Made by grammar/generate.py from evdsl.vim.in: change that file.

if exists("b:current_syntax")
  finish
endif

" A word is a keyword only where a statement or clause begins; items further down win over those further up.

" ---- orders: `LATER after EARLIER`
syn match evdslLater +\%(\%(^\|[{;]\)\s*\)\@<=\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>\%(\%(\s\|\\\n\)*,\%(\s\|\\\n\)*\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>\)*+ nextgroup=evdslOrder,evdslLaterOn skipwhite
syn match evdslLaterOn +\\\n\s*+ contained nextgroup=evdslOrder
syn match evdslOrder +\%(after\|needs\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ contained

" ---- statements
syn match evdslStatement +\%(\%(^\|[{;]\)\s*\)\@<=\%(serial\|start\|again\|hosts\|defaults\|import\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+
syn match evdslStatement +\%(\%(^\|[{;]\)\s*\)\@<=\%(host\|group\|param\|secret\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ nextgroup=evdslName skipwhite
syn match evdslName +\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>+ contained

syn match evdslStatement +\%(\%(^\|[{;]\)\s*\)\@<=\%(for\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ nextgroup=evdslVariable skipwhite
syn match evdslVariable +\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>+ contained nextgroup=evdslIn skipwhite
syn match evdslIn +\%(in\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ contained

syn match evdslAs +[^[:blank:](\[{,|=!]\@1<!\%(as\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ nextgroup=evdslName skipwhite

syn match evdslStatement +\%(\%(^\|[{;]\)\s*\)\@<=\%(resource\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ nextgroup=evdslResource skipwhite
syn match evdslResource +\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>+ contained nextgroup=evdslHost,evdslMembers skipwhite
syn match evdslHost +@[^[:blank:]{]\+\%({{[^}]*}}[^[:blank:]{]*\)*+ contained nextgroup=evdslMembers skipwhite
syn region evdslMembers matchgroup=evdslBrace start=+{+ end=+}+ contained contains=evdslAction,@evdslValue
syn match evdslAction +\%(\%(^\|[{;]\)\s*\)\@<=\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>\ze\s*:+ contained nextgroup=evdslColon skipwhite
syn match evdslColon +:+ contained nextgroup=evdslDriver skipwhite
syn match evdslDriver +\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>+ contained

syn match evdslStatement +\%(\%(^\|[{;]\)\s*\)\@<=\%(connect\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ nextgroup=evdslFrom skipwhite
syn match evdslFrom +\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>+ contained nextgroup=evdslTo skipwhite
syn match evdslTo +\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>+ contained nextgroup=evdslLinks skipwhite
syn region evdslLinks matchgroup=evdslBrace start=+{+ end=+}+ contained contains=evdslOn,evdslNoEvents,evdslComment,evdslHole
syn match evdslNoEvents +\%(\%(^\|[{;]\)\s*\)\@<=\%(no\)\s\+\%(events\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ contained

syn match evdslOn +\%(\%(^\|[{;]\)\s*\)\@<=\%(on\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ nextgroup=evdslAll,evdslEmitters skipwhite
syn match evdslEmitters +\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>\%(\%(\s\|\\\n\)*,\%(\s\|\\\n\)*\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>\)*+ contained nextgroup=evdslEvent,evdslGoesOn skipwhite
syn match evdslGoesOn +\\\n\s*+ contained nextgroup=evdslEvent
syn match evdslAll +\%(all\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ contained nextgroup=evdslEmitters skipwhite
syn match evdslEvent +\%(ok\|changed\|created\|removed\|failed\|error\|success\|failure\|done\|skipped\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ contained nextgroup=evdslBar skipwhite
syn match evdslBar +|+ contained nextgroup=evdslEvent skipwhite

" ---- conditions
syn region evdslCondition matchgroup=evdslIf start=+[^[:blank:](\[{,|=!]\@1<!\%(if\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ start=+[}\]"']\@1<=\%(if\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+
  \ end=+\\\@1<!$+ end=+\ze[;}]+ end=+\ze\s#+ contains=evdslLogic,evdslGroup,@evdslValue
syn region evdslGroup start=+(+ end=+)+ contained contains=evdslLogic,evdslGroup,@evdslValue
syn match evdslLogic +[^[:blank:](\[{,|=!]\@1<!\%(and\|or\|not\|in\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ contained

" ---- values
syn cluster evdslValue contains=evdslComment,evdslString,evdslBrackets,evdslMap,evdslHole,evdslNumber,evdslConstant
syn match evdslHole +{{\s*[0-9A-Za-z_-]\+\s*\%(|\s*\w\+\s*\)\=}}+
syn match evdslNumber +[^[:blank:](\[{,|=!]\@1<!-\=\d\+\%(\.\d\+\)\=\%(m\=s\|m\|h\)\=\%([[:alnum:]_.*<#@+-]\|{{\)\@!+
syn match evdslConstant +[^[:blank:](\[{,|=!]\@1<!\%(true\|false\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+
syn match evdslOption +[^[:blank:](\[{,|=!]\@1<!\%(timeout\|retry\|delay\|cwd\|env\|sudo\|unless\|onlyif\|creates\|changes\|exits\|confirm\|sensitive\|on_cut\)\ze\s*=+ contained
syn match evdslOption +[^[:blank:](\[{,|=!]\@1<!\%(user\|port\|parallel\|key\|jump\)\ze\s*=+ contained
syn match evdslExits +[^[:blank:](\[{,|=!]\@1<!\%(exits\)\ze\s*=\s*{+ contained nextgroup=evdslCodes
syn region evdslCodes matchgroup=evdslBrace start=+\s*=\s*{+ end=+}+ contained contains=evdslOutcome,@evdslValue
syn match evdslOutcome +\%(=\s*\)\@<=\%(ok\|changed\|created\|removed\|failed\|error\|success\|failure\|done\|skipped\)\%([[:alnum:]_.*<#@+-]\|{{\)\@!+ contained
syn region evdslBrackets start=+\[+ end=+\]+ contains=evdslOption,evdslExits,@evdslValue
syn region evdslArguments start=+(+ end=+)+ contains=@evdslValue
syn region evdslMap start=+{{\@!+ end=+}+ contained contains=@evdslValue
syn region evdslString start=+"+ skip=+\\.+ end=+"+ oneline contains=evdslHole
syn region evdslString start=+'+ end=+'+ oneline
syn region evdslString start=+"""+ end=+"""+ contains=evdslHole
syn region evdslString start=+'''+ end=+'''+
syn match evdslComment +\%(^\|\s\)\@1<=#.*$+ contains=@Spell

syn sync fromstart

hi def link evdslStatement Statement
hi def link evdslOn Statement
hi def link evdslOrder Statement
hi def link evdslAll Statement
hi def link evdslIn Statement
hi def link evdslAs Statement
hi def link evdslNoEvents Statement
hi def link evdslIf Conditional
hi def link evdslLogic Operator
hi def link evdslEvent Constant
hi def link evdslOutcome Constant
hi def link evdslExits Type
hi def link evdslName Identifier
hi def link evdslVariable Identifier
hi def link evdslResource Identifier
hi def link evdslHost Tag
hi def link evdslAction Function
hi def link evdslDriver Special
hi def link evdslOption Type
hi def link evdslNumber Number
hi def link evdslConstant Boolean
hi def link evdslHole PreProc
hi def link evdslString String
hi def link evdslComment Comment

let b:current_syntax = "evdsl"
