-- § 6.10: what a traceback shows of tail calls.
local function trace(...) local text = debug.traceback(...) return (text:gsub("\n\t%[C%]: in %?$", "")) end
local function r1(n) return trace "x" end
local function r2(n) if n == 0 then return trace "x" end local r = r2(n-1) return r end
print(r1()) print(r2(0)) print(r2(2))
