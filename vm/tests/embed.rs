//! The embedding interface, as a Rust program uses it.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    error::Error as StdError,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
};

use trinity_vm::embed::{
    AnyUserData, Bytes, Class, Context, Error, Function, IntoLua, Lua, LuaString, Result, Status, Table, Thread,
    UserData, Value, Variadic,
};

/// Both ways to run: as ever, and with a collection at every opportunity.
fn vms() -> [Lua; 2] {
    [Lua::new(), Lua::builder().collect_always().build()]
}

fn runtime(error: Error) -> trinity_vm::embed::RuntimeError {
    match error {
        Error::Runtime(error) => *error,
        other => panic!("not a runtime error: {other:?}"),
    }
}

#[test]
fn values_convert_both_ways() {
    for mut lua in vms() {
        let echo: Function = lua.eval("function(...) return ... end").unwrap();
        macro_rules! same {
            ($($value:expr => $type:ty),* $(,)?) => {$(
                let value: $type = echo.call(&mut lua, $value).unwrap();
                assert_eq!(value, $value);
            )*};
        }
        same! {
            -7i8 => i8, u32::MAX => u32, i64::MIN => i64, 1.5f64 => f64, 0.5f32 => f32, true => bool,
            "text".to_owned() => String, Bytes(vec![0, 255, 10]) => Bytes, Some(3) => Option<i64>,
            None::<String> => Option<String>, vec![1, 2, 3] => Vec<i64>, vec!["a".to_owned(); 50] => Vec<String>,
            HashMap::from([("k".to_owned(), 1.5)]) => HashMap<String, f64>,
            BTreeMap::from([(1, vec![true]), (-5, vec![])]) => BTreeMap<i64, Vec<bool>>,
            (1, "two".to_owned(), 3.0, false) => (i64, String, f64, bool),
            (1, (2, 3), Variadic(vec![4, 5])) => (i64, (i64, i64), Variadic<i64>),
            (1, 2, 3, 4, 5, 6, 7, 8) => (i64, i64, i64, i64, i64, i64, i64, i64),
        }
        assert_eq!(lua.eval::<(i64, Option<i64>)>("1").unwrap(), (1, None));
        assert_eq!(lua.eval::<(i64, f64, String)>("'0x10', 3, 1.5").unwrap(), (16, 3.0, "1.5".to_owned()));
        lua.eval::<()>("1, 2, 3").unwrap();
    }
}

#[test]
fn what_does_not_convert_is_named() {
    let mut lua = Lua::new();
    let text = |error: Error| error.to_string();
    assert_eq!(text(lua.eval::<i64>("{}").unwrap_err()), "value #1: number expected, got table");
    assert_eq!(text(lua.eval::<(i64, u8)>("1, 256").unwrap_err()), "value #2: u8 expected, got 256");
    assert!(text(lua.eval::<i64>("1.5").unwrap_err()).contains("without integer representation"));
    assert!(text(lua.eval::<String>("'\\xff'").unwrap_err()).contains("UTF-8"));
    assert!(matches!(lua.set_global("x", u64::MAX), Err(Error::Conversion { .. })));
    assert!(matches!(lua.create_table().raw_set(&mut lua, f64::NAN, 1), Err(Error::Runtime(_))));
}

#[test]
fn handles_survive_collections_calls_clones_and_moves() {
    for mut lua in vms() {
        let churn: Function = lua.eval("function() local t = {} for i = 1, 200 do t[i] = {i .. 'x'} end end").unwrap();
        let table: Table = lua.eval("{ name = 'kept ' .. 1, inner = { 1, 2 } }").unwrap();
        let string: LuaString = lua.eval("('a string that is not interned '):rep(10)").unwrap();
        let inner: Table = table.get(&mut lua, "inner").unwrap();
        let clone = table.clone();
        assert_eq!(clone, table);
        drop(table);
        let boxed = Box::new((inner, vec![clone, lua.create_table()]));
        for _ in 0..20 {
            churn.call::<()>(&mut lua, ()).unwrap();
            lua.collect_garbage();
        }
        let (inner, tables) = *boxed;
        assert_eq!(inner.raw_len(&lua).unwrap(), 2);
        assert_eq!(tables[0].get::<String>(&mut lua, "name").unwrap(), "kept 1");
        assert_eq!(string.bytes(&lua).unwrap().len(), 300);
    }
}

#[test]
fn a_dropped_handle_no_longer_keeps_its_object() {
    let mut lua = Lua::new();
    let weak: Table = lua.eval("setmetatable({}, { __mode = 'v' })").unwrap();
    let mut handles: Vec<Table> = (0..100).map(|_| lua.create_table()).collect();
    for (index, handle) in (1..).zip(&handles) {
        weak.set(&mut lua, index, handle).unwrap();
    }
    let count = |lua: &mut Lua| {
        lua.collect_garbage();
        weak.pairs::<Value, Value>(lua).unwrap().len()
    };
    assert_eq!(count(&mut lua), 100);
    handles.retain({
        let mut index = 0;
        move |_| {
            index += 1;
            index % 4 == 0
        }
    });
    assert_eq!(count(&mut lua), 25);
    drop(handles);
    assert_eq!(count(&mut lua), 0);
}

#[test]
fn rust_code_that_only_allocates_is_collected_too() {
    let mut lua = Lua::new();
    for index in 0..300_000 {
        let table = lua.create_table();
        table.raw_set(&mut lua, 1, index).unwrap();
    }
    assert!(lua.memory_used() < 8 << 20, "{} bytes in use", lua.memory_used());
}

#[test]
fn handles_outlive_their_vm_and_are_refused_by_another() {
    let mut first = Lua::new();
    let (table, function) = first.eval::<(Table, Function)>("{}, print").unwrap();
    let mut second = Lua::new();
    assert!(matches!(table.get::<Value>(&mut second, 1), Err(Error::ForeignHandle)));
    assert!(matches!(second.set_global("t", &table), Err(Error::ForeignHandle)));
    assert!(matches!(function.call::<()>(&mut second, ()), Err(Error::ForeignHandle)));
    drop(first);
    let clone = table.clone();
    let mut third = Lua::new();
    assert!(matches!(clone.raw_len(&third), Err(Error::ForeignHandle)));
    assert!(matches!(function.call::<()>(&mut third, &table), Err(Error::ForeignHandle)));
    assert_eq!(clone, table);
}

#[test]
fn rust_functions_capture_state_and_return_lists() {
    for mut lua in vms() {
        let log = Rc::new(RefCell::new(Vec::new()));
        let sink = log.clone();
        lua.register("record", move |_, (name, numbers): (String, Variadic<i64>)| {
            sink.borrow_mut().push((name, numbers.0.iter().sum::<i64>()));
            Ok::<_, Error>(sink.borrow().len())
        })
        .unwrap();
        let mut next = 0;
        let counter = lua.function_mut(move |_, ()| {
            next += 1;
            Ok::<_, Error>((next, Variadic(vec!["x"; next])))
        });
        lua.set_global("counter", &counter).unwrap();
        assert_eq!(lua.eval::<i64>("record('a', 1, 2, 3)").unwrap(), 1);
        assert_eq!(lua.eval::<i64>("record('b')").unwrap(), 2);
        assert_eq!(*log.borrow(), [("a".to_owned(), 6), ("b".to_owned(), 0)]);
        lua.exec("counter()").unwrap();
        assert_eq!(lua.eval::<(i64, String, String)>("counter()").unwrap(), (2, "x".into(), "x".into()));
    }
}

#[test]
fn rust_and_lua_call_each_other_deeply() {
    for mut lua in vms() {
        let depth = lua.function(|lua: &mut Context, (n, f): (i64, Function)| {
            let scratch = lua.create_table();
            scratch.set(lua, "n", n)?;
            let below: i64 = f.call(lua, n)?;
            Ok::<_, Error>(below + scratch.get::<i64>(lua, "n")? - n + 1)
        });
        lua.set_global("depth", depth).unwrap();
        lua.exec("function go(n) if n == 0 then return 0 end return depth(n - 1, go) end").unwrap();
        assert_eq!(lua.eval::<i64>("go(60)").unwrap(), 60);
        let error = lua.eval::<i64>("go(100000)").unwrap_err();
        assert!(error.to_string().contains("stack overflow"), "{error}");
        assert_eq!(lua.eval::<i64>("go(60)").unwrap(), 60);
    }
}

#[test]
fn errors_carry_message_value_traceback_and_source() {
    for mut lua in vms() {
        let error = runtime(lua.load("local function f() error('bad', 1) end\nf()").name("=chunk").exec().unwrap_err());
        assert_eq!(error.message, "chunk:1: bad");
        assert!(error.traceback.contains("in upvalue 'f'") || error.traceback.contains("in local 'f'"));
        assert!(error.traceback.contains("chunk:2: in main chunk"), "{}", error.traceback);

        let error = runtime(lua.exec("error({ code = 7 })").unwrap_err());
        let Value::Table(value) = &error.value else { panic!("the thrown table") };
        assert_eq!(value.get::<i64>(&mut lua, "code").unwrap(), 7);
        let text = lua.exec("error(setmetatable({}, { __tostring = function() return 'shown' end }))").unwrap_err();
        assert_eq!(text.to_string(), "shown");

        lua.register("fail", |_, ()| "x".parse::<i32>().map_err(Error::from)).unwrap();
        let error = lua.load("fail()").name("=chunk").exec().unwrap_err();
        assert_eq!(error.to_string(), "chunk:1: invalid digit found in string");
        assert!(error.cause().is_some_and(|cause| cause.is::<std::num::ParseIntError>()));
        assert_eq!(lua.eval::<String>("select(2, pcall(fail))").unwrap(), "invalid digit found in string");
        assert!(lua.exec("error('other')").unwrap_err().cause().is_none());

        lua.register("strict", |_, (_, n): (Value, i64)| Ok::<_, Error>(n)).unwrap();
        let error = lua.load("strict(1, {})").name("=chunk").exec().unwrap_err();
        assert_eq!(error.to_string(), "chunk:1: bad argument #2 to 'strict' (number expected, got table)");
        let error = lua.load("strict()").name("=chunk").exec().unwrap_err();
        assert_eq!(error.to_string(), "chunk:1: bad argument #2 to 'strict' (number expected, got no value)");
    }
}

#[test]
fn an_error_keeps_its_identity_through_rust() {
    let mut lua = Lua::new();
    lua.register("through", |lua, f: Function| f.call::<()>(lua, ())).unwrap();
    let same: bool = lua
        .load("local e = {}; local ok, got = pcall(through, function() error(e) end); return not ok and got == e")
        .eval()
        .unwrap();
    assert!(same);
}

#[test]
fn syntax_errors_know_their_line_and_whether_more_text_would_do() {
    let mut lua = Lua::new();
    let Err(Error::Syntax { message, line, incomplete }) = lua.load("x =\n= 1").name("=in").exec() else { panic!() };
    assert_eq!((message.as_str(), line, incomplete), ("in:2: unexpected symbol near '='", 2, false));
    let Err(Error::Syntax { incomplete, .. }) = lua.exec("for i = 1, 2 do") else { panic!() };
    assert!(incomplete);
}

#[test]
fn panics_cross_lua_as_errors_and_reach_rust_again() {
    let mut lua = Lua::new();
    lua.register("explode", |_, n: i64| -> Result<()> { panic!("boom {n}") }).unwrap();
    let caught: String = lua.eval("select(2, pcall(explode, 1))").unwrap();
    assert_eq!(caught, "Rust function panicked: boom 1");
    let payload = catch_unwind(AssertUnwindSafe(|| lua.exec("local x <close> = nil; explode(1)"))).unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().map(String::as_str), Some("boom 1"));
    assert_eq!(lua.eval::<i64>("1 + 1").unwrap(), 2);
}

#[test]
fn a_destructor_that_panics_does_not_stop_the_collector() {
    struct Bad(Rc<Cell<u32>>);
    impl Drop for Bad {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
            panic!("in drop");
        }
    }
    let drops = Rc::new(Cell::new(0));
    let mut lua = Lua::new();
    for _ in 0..3 {
        let bad = Bad(drops.clone());
        drop(lua.function(move |_, ()| Ok::<_, Error>(bad.0.get())));
    }
    lua.collect_garbage();
    lua.collect_garbage();
    assert_eq!(drops.get(), 3);
}

#[derive(Clone)]
struct Vector {
    x: f64,
    y: f64,
}

impl UserData for Vector {
    const NAME: &'static str = "Vector";
    fn define(class: &mut Class<'_, Self>) {
        class.function("new", |_, (x, y)| Ok::<_, Error>(Vector { x, y }));
        class.method("length", |_, this, ()| Ok::<_, Error>(this.x.hypot(this.y)));
        class.method_mut("scale", |_, this, by: f64| {
            this.x *= by;
            this.y *= by;
            Ok::<_, Error>(())
        });
        class.method_mut("twice", |lua, _, f: Function| f.call::<()>(lua, ()));
        class.getter("x", |_, this| Ok::<_, Error>(this.x));
        class.setter("x", |_, this, x| {
            this.x = x;
            Ok::<_, Error>(())
        });
        class.metamethod("__add", |_, this, other: Rc<RefCell<Vector>>| {
            let other = other.borrow();
            Ok::<_, Error>(Vector { x: this.x + other.x, y: this.y + other.y })
        });
        class.metamethod("__tostring", |_, this, ()| Ok::<_, Error>(format!("({}, {})", this.x, this.y)));
        class.metamethod("__index", |_, _, key: String| Ok::<_, Error>(format!("no {key}")));
    }
}

#[test]
fn rust_types_have_methods_fields_and_metamethods() {
    for mut lua in vms() {
        let class = lua.class::<Vector>().unwrap();
        lua.set_global("Vector", class).unwrap();
        let shared = Rc::new(RefCell::new(Vector { x: 3.0, y: 4.0 }));
        lua.set_global("v", shared.clone()).unwrap();
        assert_eq!(lua.eval::<(f64, f64, String)>("v:length(), v.x, v.z").unwrap(), (5.0, 3.0, "no z".to_owned()));
        lua.exec("v:scale(2); v.x = v.x + 1").unwrap();
        assert_eq!((shared.borrow().x, shared.borrow().y), (7.0, 8.0));
        assert_eq!(lua.eval::<String>("tostring(v + Vector.new(1, 1))").unwrap(), "(8.0, 9.0)".replace(".0", ""));
        let sum: Rc<RefCell<Vector>> = lua.eval("v + v").unwrap();
        assert_eq!(sum.borrow().x, 14.0);

        let text = |lua: &mut Lua, source: &str| lua.load(source).name("=c").exec().unwrap_err().to_string();
        assert_eq!(text(&mut lua, "v.length(1)"), "c:1: bad argument #1 to 'length' (Vector expected, got number)");
        assert_eq!(text(&mut lua, "v:scale({})"), "c:1: bad argument #1 to 'scale' (number expected, got table)");
        assert_eq!(text(&mut lua, "v.w = 1"), "c:1: Vector has no field 'w' to set");
        assert_eq!(text(&mut lua, "v:twice(function() v:scale(1) end)"), "c:1: Vector is in use");
        assert_eq!(lua.eval::<String>("getmetatable(v)").unwrap(), "Vector");

        struct Other;
        impl UserData for Other {
            const NAME: &'static str = "Other";
            fn define(_: &mut Class<'_, Self>) {}
        }
        let other = lua.create_userdata(Other).unwrap();
        assert!(other.is::<Other>(&lua) && !other.is::<Vector>(&lua));
        assert_eq!(other.get::<Vector>(&lua).err().unwrap().to_string(), "Vector expected, got Other");
        let any: AnyUserData = lua.global("v").unwrap();
        assert!(Rc::ptr_eq(&any.get(&lua).unwrap(), &shared));
    }
}

#[test]
fn userdata_is_dropped_when_lua_forgets_it() {
    struct Counted(#[expect(dead_code, reason = "counts by being dropped")] Rc<()>);
    impl UserData for Counted {
        const NAME: &'static str = "Counted";
        fn define(_: &mut Class<'_, Self>) {}
    }
    let count = Rc::new(());
    let mut lua = Lua::new();
    for _ in 0..10 {
        let value = Counted(count.clone()).into_lua(&mut lua).unwrap();
        lua.set_global("last", value).unwrap();
    }
    lua.collect_garbage();
    assert_eq!(Rc::strong_count(&count), 2);
    drop(lua);
    assert_eq!(Rc::strong_count(&count), 1);
}

#[test]
fn coroutines_pass_values_and_report_their_state() {
    for mut lua in vms() {
        let body: Function =
            lua.eval("function(a) local b = coroutine.yield(a + 1) error('end ' .. b, 0) end").unwrap();
        let thread: Thread = lua.create_thread(&body).unwrap();
        assert_eq!(thread.status(&lua).unwrap(), Status::Suspended);
        assert_eq!(thread.resume::<i64>(&mut lua, 1).unwrap(), 2);
        let error = thread.resume::<()>(&mut lua, "x").unwrap_err();
        assert_eq!(error.to_string(), "end x");
        assert!(runtime(error).traceback.contains("in function 'error'"));
        assert_eq!(thread.status(&lua).unwrap(), Status::Dead);
        assert_eq!(thread.resume::<()>(&mut lua, ()).unwrap_err().to_string(), "cannot resume dead coroutine");

        let thread = lua.create_thread(&body).unwrap();
        thread.resume::<()>(&mut lua, 1).unwrap();
        thread.close(&mut lua).unwrap();
        assert_eq!(thread.status(&lua).unwrap(), Status::Dead);

        // From within: a Rust function resumes, and a yield does not cross it.
        lua.register("drive", |lua, f: Function| {
            let thread = lua.create_thread(&f)?;
            Ok::<_, Error>((thread.resume::<i64>(lua, ())?, thread.resume::<i64>(lua, ())?))
        })
        .unwrap();
        let (a, b): (i64, i64) = lua.eval("drive(function() coroutine.yield(1) return 2 end)").unwrap();
        assert_eq!((a, b), (1, 2));
        lua.register("call", |lua, f: Function| f.call::<()>(lua, ())).unwrap();
        let message: String =
            lua.eval("select(2, coroutine.resume(coroutine.create(function() call(coroutine.yield) end)))").unwrap();
        assert_eq!(message, "attempt to yield across a C-call boundary");
    }
}

#[test]
fn chunks_have_names_arguments_and_environments() {
    let mut lua = Lua::new();
    let environment = lua.create_table();
    environment.set(&mut lua, "x", 5).unwrap();
    let sum: i64 = lua.load("y = x + ...; return y").environment(&environment).call(2).unwrap();
    assert_eq!((sum, environment.get::<i64>(&mut lua, "y").unwrap()), (7, 7));
    assert!(lua.global::<Value>("y").unwrap().is_nil());
    let function = lua.load("return debug.getinfo(1, 'S').short_src").name("@file.lua").into_function().unwrap();
    assert_eq!(function.call::<String>(&mut lua, ()).unwrap(), "file.lua");
    assert!(matches!(lua.exec("\x1bLua"), Err(Error::Syntax { .. })));
}

#[test]
fn tables_heed_metamethods_unless_raw() {
    let mut lua = Lua::new();
    let proxy: Table = lua
        .eval("setmetatable({ own = 1 }, { __index = function(_, k) return k .. '?' end, __newindex = error })")
        .unwrap();
    assert_eq!(proxy.get::<String>(&mut lua, "k").unwrap(), "k?");
    assert!(proxy.raw_get::<Value>(&mut lua, "k").unwrap().is_nil());
    assert!(proxy.set(&mut lua, "k", 1).is_err());
    proxy.raw_set(&mut lua, "k", 1).unwrap();
    assert_eq!(proxy.pairs::<String, i64>(&mut lua).unwrap(), [("own".to_owned(), 1), ("k".to_owned(), 1)]);
    assert!(proxy.metatable(&lua).unwrap().is_some());
    proxy.set_metatable(&mut lua, None).unwrap();
    assert!(proxy.get::<Value>(&mut lua, "none").unwrap().is_nil());

    let object: Table = lua.eval("{ n = 2, times = function(self, k) return self.n * k end }").unwrap();
    assert_eq!(object.call_method::<i64>(&mut lua, "times", 21).unwrap(), 42);
}

#[test]
fn a_sandbox_has_no_way_out() {
    let mut lua = Lua::builder().sandbox().build();
    let missing = ["io", "dofile", "loadfile", "os.execute", "os.exit", "os.getenv", "package.path", "debug.sethook"];
    for name in missing {
        assert!(lua.eval::<Value>(name).unwrap().is_nil(), "{name}");
    }
    assert!(!lua.eval::<bool>("pcall(require, 'lfs')").unwrap());
    assert!(lua.eval::<f64>("os.clock() + math.pi + #string.rep('x', 3)").unwrap() > 6.0);
    let mut rationed = Lua::builder().sandbox().fuel(10_000).build();
    let error = rationed.exec("while true do pcall(error) end").unwrap_err();
    assert!(error.to_string().contains("out of fuel"), "{error}");
}

#[test]
fn compiled_chunks_and_values_pass_through_question_mark() {
    fn total(lua: &mut Context) -> std::result::Result<i64, Box<dyn StdError>> {
        Ok(lua.eval::<Vec<i64>>("{ 1, 2, 3 }")?.iter().sum())
    }
    assert_eq!(total(&mut Lua::new()).unwrap(), 6);
}
