//! Modules (manual §6.3). Modules in C are searched for as elsewhere, but one that is found cannot be loaded.

use crate::{
    native::{Args, NativeResult, Throw},
    stdlib::{io::path_of, library, library_table, load::load_path, registry_table},
    value::Value,
    vm::Vm,
};

/// Keys in the registry of the tables behind `package.loaded` and `package.preload`.
pub(super) const LOADED: &str = "_LOADED";
pub(super) const PRELOAD: &str = "_PRELOAD";

/// `package.path` unless the environment says otherwise: where Debian's packages and those of LuaRocks put modules.
const DEFAULT_PATH: &str = "/usr/local/share/lua/5.4/?.lua;/usr/local/share/lua/5.4/?/init.lua;\
    /usr/local/lib/lua/5.4/?.lua;/usr/local/lib/lua/5.4/?/init.lua;\
    /usr/share/lua/5.4/?.lua;/usr/share/lua/5.4/?/init.lua;./?.lua;./?/init.lua";

/// Environment variables for the paths, the first that is set wins. `;;` in it stands for the default.
const PATH_VARIABLES: [&str; 2] = ["LUA_PATH_5_4", "LUA_PATH"];
const CPATH_VARIABLES: [&str; 2] = ["LUA_CPATH_5_4", "LUA_CPATH"];

/// What is said of a library, as where PUC Lua is built without dynamic ones: there is no C interface to link it to.
const NO_LIBRARIES: &str = "dynamic libraries not enabled; this Lua has no C interface";

pub(super) fn open(vm: &mut Vm) {
    let package = library(vm, "package", &[("loadlib", loadlib), ("searchpath", searchpath)]);
    let path = vm.new_string(initial_path(PATH_VARIABLES, DEFAULT_PATH));
    vm.set_field(package, "path", path);
    let path = vm.new_string(initial_path(CPATH_VARIABLES, &default_cpath()));
    vm.set_field(package, "cpath", path);
    // Directory separator, path separator, substitution point, executable's directory, end of the module's name.
    let config = vm.new_string("/\n;\n?\n!\n-\n");
    vm.set_field(package, "config", config);
    let loaded = registry_table(vm, LOADED);
    vm.set_field(package, "loaded", loaded);
    let preload = registry_table(vm, PRELOAD);
    vm.set_field(package, "preload", preload);
    let searchers = vm.heap.table();
    for (position, searcher) in [search_preload, search_lua, search_c, search_c_root].into_iter().enumerate() {
        let function = vm.new_native_with("searcher", searcher, &[package.into()]);
        vm.raw_set_int(searchers, position as i64 + 1, function);
    }
    vm.set_field(package, "searchers", searchers);
    let require = vm.new_native_with("require", require, &[package.into()]);
    vm.set_field(vm.globals, "require", require);
}

/// Leaves the searcher for `package.preload` only.
pub(super) fn search_preload_only(vm: &mut Vm) {
    let package = library_table(vm, "package");
    let searchers = vm.heap.table();
    let function = vm.new_native_with("searcher", search_preload, &[package.into()]);
    vm.raw_set_int(searchers, 1, function);
    vm.set_field(package, "searchers", searchers);
}

/// Sets `package.path` and `package.cpath` to what they are without environment variables.
pub fn reset_paths(vm: &mut Vm) {
    let package = library_table(vm, "package");
    let path = vm.new_string(DEFAULT_PATH);
    vm.set_field(package, "path", path);
    let path = vm.new_string(default_cpath());
    vm.set_field(package, "cpath", path);
}

/// `package.cpath` unless the environment says otherwise.
fn default_cpath() -> String {
    let arch = std::env::consts::ARCH;
    format!(
        "/usr/local/lib/lua/5.4/?.so;/usr/lib/{arch}-linux-gnu/lua/5.4/?.so;/usr/lib/lua/5.4/?.so;\
         /usr/local/lib/lua/5.4/loadall.so;./?.so"
    )
}

fn initial_path(variables: [&str; 2], default: &str) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    let Some(path) = variables.iter().find_map(std::env::var_os) else { return default.into() };
    let path = path.as_bytes();
    let Some(at) = path.windows(2).position(|pair| pair == b";;") else { return path.into() };
    let (before, after) = (&path[..at], &path[at + 2..]);
    let parts = [before, default.as_bytes(), after];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(&b';')
}

fn loadlib(vm: &mut Vm, args: Args) -> NativeResult {
    vm.check_string(args, 0)?;
    vm.check_string(args, 1)?;
    let message = vm.new_string(NO_LIBRARIES);
    let what = vm.new_string("absent");
    vm.ret(args, &[Value::NIL, message, what])
}

fn searchpath(vm: &mut Vm, args: Args) -> NativeResult {
    let name = vm.check_string(args, 0)?;
    let path = vm.check_string(args, 1)?;
    let separator = vm.opt_string(args, 2)?;
    let replacement = vm.opt_string(args, 3)?;
    let separator = separator.as_ref().map_or(&b"."[..], |text| text.as_bytes());
    let replacement = replacement.as_ref().map_or(&b"/"[..], |text| text.as_bytes());
    match search(name.as_bytes(), path.as_bytes(), separator, replacement) {
        Ok(file) => {
            let file = vm.new_string(file);
            vm.ret1(args, file)
        }
        Err(message) => {
            let message = vm.new_string(message);
            vm.ret(args, &[Value::NIL, message])
        }
    }
}

/// The first readable file that a template of `path` makes of `name`; else a message that lists them.
fn search(name: &[u8], path: &[u8], separator: &[u8], replacement: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let name = if separator.is_empty() { name.to_vec() } else { substitute(name, separator, replacement) };
    let mut message = Vec::new();
    for template in path.split(|&byte| byte == b';') {
        let file = substitute(template, b"?", &name);
        if std::fs::File::open(path_of(&file)).is_ok() {
            return Ok(file);
        }
        if !message.is_empty() {
            message.extend_from_slice(b"\n\t");
        }
        message.extend_from_slice(b"no file '");
        message.extend_from_slice(&file);
        message.push(b'\'');
    }
    Err(message)
}

/// `text` with `from` (not empty) replaced by `to` everywhere.
fn substitute(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, from) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    result.extend_from_slice(rest);
    result
}

fn search_preload(vm: &mut Vm, args: Args) -> NativeResult {
    let name = vm.check_string(args, 0)?;
    let preload = registry_table(vm, PRELOAD);
    let loader = preload.get_str(name);
    if loader.is_nil() {
        let message = [b"no field package.preload['", name.as_bytes(), b"']"].concat();
        let message = vm.new_string(message);
        return vm.ret1(args, message);
    }
    let origin = vm.new_string(":preload:");
    vm.ret(args, &[loader, origin])
}

/// Searches for the module `name` along the path in the field `field` of `package`. The outer error is a throw, the
/// inner one says what was tried.
fn search_path(vm: &mut Vm, args: Args, name: &[u8], field: &str) -> Result<Result<Vec<u8>, Vec<u8>>, Throw> {
    match package_field(vm, args, field).as_string() {
        Some(path) => Ok(search(name, path.as_bytes(), b".", b"/")),
        None => Err(vm.throw(format!("'package.{field}' must be a string"))),
    }
}

fn loading_error(vm: &mut Vm, name: &[u8], file: &[u8], error: &[u8]) -> Throw {
    vm.throw([b"error loading module '", name, b"' from file '", file, b"':\n\t", error].concat())
}

fn search_lua(vm: &mut Vm, args: Args) -> NativeResult {
    let name = vm.check_string(args, 0)?;
    let file = match search_path(vm, args, name.as_bytes(), "path")? {
        Ok(file) => file,
        Err(message) => {
            let message = vm.new_string(message);
            return vm.ret1(args, message);
        }
    };
    let globals = vm.globals.into();
    match load_path(vm, &file, None, globals) {
        Ok(function) => {
            let file = vm.new_string(file);
            vm.ret(args, &[function.into(), file])
        }
        Err(error) => Err(loading_error(vm, name.as_bytes(), &file, &error)),
    }
}

/// The searcher for a module in C.
fn search_c(vm: &mut Vm, args: Args) -> NativeResult {
    let name = vm.check_string(args, 0)?;
    search_c_file(vm, args, name.as_bytes(), name.as_bytes())
}

/// The searcher for a module in C among others in one file, which has the name in front of the first dot.
fn search_c_root(vm: &mut Vm, args: Args) -> NativeResult {
    let name = vm.check_string(args, 0)?;
    match name.as_bytes().iter().position(|&byte| byte == b'.') {
        Some(dot) => search_c_file(vm, args, name.as_bytes(), &name.as_bytes()[..dot]),
        None => vm.ret0(args),
    }
}

fn search_c_file(vm: &mut Vm, args: Args, name: &[u8], file_name: &[u8]) -> NativeResult {
    match search_path(vm, args, file_name, "cpath")? {
        Ok(file) => Err(loading_error(vm, name, &file, NO_LIBRARIES.as_bytes())),
        Err(message) => {
            let message = vm.new_string(message);
            vm.ret1(args, message)
        }
    }
}

/// A field of the table `package`, which is the native's first upvalue.
fn package_field(vm: &mut Vm, args: Args, name: &str) -> Value {
    let key = vm.heap.string(name.as_bytes());
    args.upvalue(0).as_table().map_or(Value::NIL, |package| package.get_str(key))
}

fn require(vm: &mut Vm, args: Args) -> NativeResult {
    let name = vm.check_string(args, 0)?;
    let loaded = registry_table(vm, LOADED);
    let module = loaded.get_str(name);
    if module.is_truthy() {
        return vm.ret1(args, module);
    }
    let (loader, origin) = find_loader(vm, args, name.as_bytes(), name.into())?;
    // Both stay alive on the stack while the loader runs.
    vm.push(loader)?;
    vm.push(origin)?;
    let module = vm.call1(loader, &[name.into(), origin])?;
    if !module.is_nil() {
        vm.raw_set(loaded, name.into(), module)?;
    } else if loaded.get_str(name).is_nil() {
        vm.raw_set(loaded, name.into(), Value::TRUE)?;
    }
    let module = loaded.get_str(name);
    vm.ret(args, &[module, origin])
}

/// Asks the searchers in turn; the loader and what it is to be given as second argument.
fn find_loader(vm: &mut Vm, args: Args, name: &[u8], name_value: Value) -> Result<(Value, Value), Throw> {
    let Some(searchers) = package_field(vm, args, "searchers").as_table() else {
        return Err(vm.throw("'package.searchers' must be a table"));
    };
    // Alive even if a searcher replaces the list.
    vm.push(searchers.into())?;
    let mut message = Vec::new();
    for position in 1.. {
        let searcher = searchers.get_int(position);
        if searcher.is_nil() {
            break;
        }
        let count = vm.call(searcher, &[name_value])?;
        let first = if count > 0 { vm.result(0) } else { Value::NIL };
        if first.is_function() {
            let origin = if count > 1 { vm.result(1) } else { Value::NIL };
            return Ok((first, origin));
        }
        if first.is_string() || first.is_number() {
            message.extend_from_slice(b"\n\t");
            message.extend_from_slice(vm.to_display(first)?.as_bytes());
        }
    }
    Err(vm.throw([b"module '", name, b"' not found:", &message].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamic_libraries_are_absent() {
        let source = "for _, name in ipairs {'luaopen_x', '*'} do
                local result, message, stage = package.loadlib('/no/such/file.so', name)
                assert(result == nil and message:find('dynamic libraries not enabled', 1, true) and stage == 'absent')
            end";
        crate::embed::Lua::new().load(source).exec().expect("the assertions hold");
    }

    #[test]
    fn templates_are_tried_in_order() {
        assert_eq!(
            search(b"no.such", b"./?.lua;./?/x-?.lua", b".", b"/"),
            Err(b"no file './no/such.lua'\n\tno file './no/such/x-no/such.lua'".to_vec())
        );
        assert_eq!(search(b"no.such", b"?", b"", b"/"), Err(b"no file 'no.such'".to_vec()));
    }
}
