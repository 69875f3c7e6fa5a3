-- lua-uri, lua-logging, lua-cliargs.
local show = require "show"

-- uri
local URI = require "uri"
for _, text in ipairs { "http://user:pw@Example.ORG:80/a/./b/../c?q=1#frag", "mailto:joe@example.org", "file:///tmp/x%20y", "ftp://host/x;type=a", "urn:isbn:0-306-40615-2", "data:text/plain;base64,SGVsbG8=", "telnet://host:23/", "relative/path", "http://[::1]/x", "urn:oid:1.2.3", "rtsp://h/x", "pop://user@host", "http://ex%zz", "://bad" } do
  local ok, uri, message = pcall(URI.new, URI, text)
  if not ok then uri, message = nil, uri end
  show(text, uri and tostring(uri), message, uri and uri:scheme(), uri and pcall(uri.path, uri) and uri:path(), uri and uri.host and uri:host(), uri and uri.port and uri:port())
end
local uri = URI:new "http://example.org/a/b?x=y"
show(uri:scheme "https", uri:host "other.org", uri:port(8080), uri:path "/new path", uri:query(nil), uri:fragment "f", uri:uri())
show(tostring(URI:new("../c", "http://example.org/a/b/d")), tostring(URI:new("x/y", "http://a/b/c")), uri:is_relative(), uri == URI:new(tostring(uri)))
show(URI:new("data:,A%20brief"):data_bytes(), URI:new("urn:isbn:0306406152"):isbn_digits())
show.call(uri.port, uri, "x") show.call(uri.scheme, uri, "1bad") show.call(uri.host, uri, "a b")
local util = require "uri._util"
show(util.uri_encode "a b/ü", util.uri_decode "a%20b%C3", util.remove_dot_segments "/a/../b/./c")

-- logging
local logging = require "logging"
local lines = {}
local logger = logging.new(function(self, level, message) lines[#lines + 1] = level .. ":" .. tostring(message) return true end)
logger:setLevel(logging.INFO)
logger:debug "hidden" logger:info "shown" logger:warn("%d of %s", 3, "four") logger:error { 1, nested = { "x" } } logger:fatal(function() return "lazy" end) logger:log(logging.ERROR, "direct")
show(lines, logging.prepareLogMsg("%level %message\n", "DATE", "INFO", "text"), logging.tostring { 1, "a", { b = true } }, logging.tostring(nil))
show.call(logger.setLevel, logger, "NOISE") show.call(logging.new, 1)
require "logging.console" ("%level %message\n"):info "to the console"

-- cliargs
local core = require "cliargs.core"
local function interface()
  local cli = core()
  cli:set_name "tool" cli:set_description "does things"
  cli:argument("IN", "an input") cli:splat("REST", "more", nil, 3)
  cli:option("-o, --output=FILE", "where to", "a.out") cli:option("-I, --include=DIR", "many", {}) cli:flag("-v, --[no-]verbose", "talk", false) cli:flag("-q", "quiet")
  return cli
end
for _, line in ipairs { { "x" }, { "x", "y", "z", "-o", "b", "-v" }, { "--output=c", "-I", "d", "-I", "e", "--no-verbose", "x" }, {}, { "--what", "x" }, { "x", "-o" }, { "-qv", "x" }, { "a", "b", "c", "d", "e" }, { "--", "-x" } } do
  show(interface():parse(line))
end
show(interface().printer.generate_help_and_usage and interface().printer.generate_help_and_usage())
local commands = core()
commands:command("add", "adds"):argument("N", "number"):action(function(options) print("adding", options.N) end)
show(commands:parse { "add", "5" }) show(commands:parse { "sub" })
