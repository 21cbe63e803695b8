-- A session in Neovim itself: what its own client makes of the server. Writes what it saw to $EVDSL_SEEN as JSON.
local seen = {}

local function ask(method, params)
  local answers, failed = vim.lsp.buf_request_sync(0, method, params, 30000)
  for _, answer in pairs(answers or {}) do
    if answer.error then return { error = answer.error.message } end
    return answer.result
  end
  return { error = failed }
end

local function at(line, column)
  vim.api.nvim_win_set_cursor(0, { line, column })
  return vim.lsp.util.make_position_params()
end

local function codes()
  return vim.tbl_map(function(d) return d.code or d.user_data.lsp.code end, vim.diagnostic.get(0))
end

local function run()
  vim.cmd("edit site.events")
  local client = vim.lsp.start_client({ name = "evdsl", cmd = { vim.env.EVDSL_PYTHON, "-m", "evdsl", "lsp" }, root_dir = vim.fn.getcwd() })
  vim.lsp.buf_attach_client(0, client)
  vim.wait(30000, function() return vim.lsp.buf_is_attached(0, client) and #vim.diagnostic.get(0) > 0 end, 20)
  seen.codes = codes()

  seen.hover = ask("textDocument/hover", at(3, 6)).contents.value
  local definition = ask("textDocument/definition", at(3, 5))
  seen.definition = definition[1].range.start.line + 1
  local items = ask("textDocument/completion", at(3, 16)).items
  seen.events = vim.tbl_map(function(i) return i.label end, items)

  -- the typo mended by its code action, by Neovim's own way of carrying one out
  local wrong = vim.diagnostic.get(0)[1]
  local range = wrong.user_data.lsp and wrong.user_data.lsp.range or
    { start = { line = wrong.lnum, character = wrong.col }, ["end"] = { line = wrong.end_lnum, character = wrong.end_col } }
  local actions = ask("textDocument/codeAction", { textDocument = vim.lsp.util.make_text_document_params(), range = range, context = { diagnostics = {} } })
  vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
  seen.mended = vim.api.nvim_buf_get_lines(0, 2, 3, false)[1]
  vim.wait(30000, function() return not vim.tbl_contains(codes(), "EV103") end, 20)
  seen.after = codes()

  -- rename and format, by the functions that a user maps
  at(3, 5)
  vim.lsp.buf.rename("proxy")
  vim.wait(30000, function() return vim.api.nvim_buf_get_lines(0, 2, 3, false)[1]:find("on proxy", 1, true) end, 20)
  vim.lsp.buf.formatting_sync(nil, 30000)
  seen.text = vim.api.nvim_buf_get_lines(0, 0, -1, false)
  seen.symbols = vim.tbl_map(function(s) return s.name end, ask("textDocument/documentSymbol", { textDocument = vim.lsp.util.make_text_document_params() }))
  seen.references = #ask("textDocument/references", vim.tbl_extend("force", at(3, 5), { context = { includeDeclaration = true } }))
  vim.lsp.stop_client(client)
  seen.stopped = vim.wait(30000, function() return vim.lsp.get_client_by_id(client) == nil end, 20)
end

local fine, message = xpcall(run, debug.traceback)
if not fine then seen.error = message end
vim.fn.writefile({ vim.json.encode(seen) }, vim.env.EVDSL_SEEN)
vim.cmd("qall!")
