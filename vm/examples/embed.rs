//! A Rust program with Lua in it: an event loop whose handlers are written in Lua.
//!
//! `cargo run --release -p trinity-vm --example embed`

use std::error::Error;

use trinity_vm::embed::{Class, Function, Lua, Status, Table, Thread, UserData};

/// What the script configures.
const SCRIPT: &str = r#"
    local queue = Queue.new(3)
    on("order", function(item, count)
        queue:push(("%d × %s"):format(count, item))
    end)
    on("close", function()
        local lines = {}
        for line in queue:drain() do lines[#lines + 1] = line end
        return table.concat(lines, ", ")
    end)
    -- A task that the program runs step by step.
    function task(steps)
        for step = 1, steps do coroutine.yield(step / steps) end
    end
"#;

/// A Rust type that Lua uses.
struct Queue {
    lines: Vec<String>,
    room: usize,
}

impl UserData for Queue {
    const NAME: &'static str = "Queue";

    fn define(class: &mut Class<'_, Self>) {
        class.function("new", |_, room| Ok::<_, String>(Queue { lines: Vec::new(), room }));
        class.getter("room", |_, queue| Ok::<_, String>(queue.room));
        class.method_mut("push", |_, queue, line: String| {
            if queue.lines.len() == queue.room {
                return Err("the queue is full");
            }
            queue.lines.push(line);
            Ok(())
        });
        class.method_mut("drain", |lua, queue, ()| {
            let mut lines = std::mem::take(&mut queue.lines).into_iter();
            Ok::<_, String>(lua.function_mut(move |_, ()| Ok::<_, String>(lines.next())))
        });
        class.metamethod("__len", |_, queue, ()| Ok::<_, String>(queue.lines.len()));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut lua = Lua::builder().sandbox().build();

    let handlers = lua.create_table();
    let register = handlers.clone();
    lua.register("on", move |lua, (event, handler): (String, Function)| register.set(lua, event, handler))?;
    let queue = lua.class::<Queue>()?;
    lua.set_global("Queue", queue)?;
    lua.load(SCRIPT).name("=script").exec()?;

    for (item, count) in [("tea", 2), ("cake", 1), ("jam", 5)] {
        handlers.call_function::<()>(&mut lua, "order", (item, count))?;
    }
    // The fourth does not fit: the Rust error is a Lua error, and reaches Rust again with a traceback.
    if let Err(error) = handlers.call_function::<()>(&mut lua, "order", ("milk", 1)) {
        println!("refused: {error}");
    }
    println!("orders: {}", handlers.call_function::<String>(&mut lua, "close", ())?);

    let body: Function = lua.global("task")?;
    let task: Thread = lua.create_thread(&body)?;
    let mut progress: Option<f64> = task.resume(&mut lua, 4)?;
    while task.status(&lua)? == Status::Suspended {
        println!("task: {:.0} %", progress.unwrap_or(1.0) * 100.0);
        progress = task.resume(&mut lua, ())?;
    }

    let numbers: Table = lua.eval("{ 3, 1, 2, n = 'three numbers' }")?;
    println!("{:?}, {}", lua.eval::<Vec<i64>>("{ 1, 4, 9 }")?, numbers.get::<String>(&mut lua, "n")?);
    Ok(())
}
