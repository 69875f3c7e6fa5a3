//! Rust types as Lua objects.

use std::{any::TypeId, cell::RefCell, marker::PhantomData, rc::Rc};

use super::{
    AnyUserData, Context, Error, FromLua, FromLuaMulti, Function, IntoLua, IntoLuaMulti, Result, Table, Value,
    call::Quiet,
};

/// A Rust type whose values Lua may hold.
///
/// A value lies behind `Rc<RefCell<_>>`, which Rust code can share ([`AnyUserData::get`]). A method borrows it while
/// it runs; a method that would break the rules of borrowing throws [`Error::Borrowed`] instead.
pub trait UserData: Sized + 'static {
    /// Name of the type in messages.
    const NAME: &'static str;

    /// Says what Lua can do with values of the type. Runs once per VM, when the first value is made.
    fn define(class: &mut Class<'_, Self>);
}

/// The methods, fields and metamethods of a [`UserData`] type while they are being defined.
pub struct Class<'a, T> {
    lua: &'a mut Context,
    metatable: Table,
    /// What Lua finds in a value by name, functions without receiver included.
    methods: Table,
    getters: Option<Table>,
    setters: Option<Table>,
    failure: Option<Error>,
    of: PhantomData<fn(T)>,
}

impl<T: UserData> Class<'_, T> {
    /// `value:name(…)`, a method that reads the value.
    pub fn method<A, R, E>(&mut self, name: &str, method: impl Fn(&mut Context, &T, A) -> Result<R, E> + 'static)
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: Into<Error>,
    {
        let function = self.reading(method);
        let methods = self.methods.clone();
        self.put(&methods, name, function);
    }

    /// `value:name(…)`, a method that may change the value.
    pub fn method_mut<A, R, E>(
        &mut self,
        name: &str,
        method: impl Fn(&mut Context, &mut T, A) -> Result<R, E> + 'static,
    ) where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: Into<Error>,
    {
        let function = self.changing(method);
        let methods = self.methods.clone();
        self.put(&methods, name, function);
    }

    /// `Class.name(…)`, a function without receiver, such as a constructor; see [`Context::class`].
    pub fn function<A, R, E>(&mut self, name: &str, function: impl Fn(&mut Context, A) -> Result<R, E> + 'static)
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: Into<Error>,
    {
        let function = self.lua.function(function);
        let methods = self.methods.clone();
        self.put(&methods, name, function);
    }

    /// `value.name` as an expression.
    pub fn getter<R, E>(&mut self, name: &str, getter: impl Fn(&mut Context, &T) -> Result<R, E> + 'static)
    where
        R: IntoLua,
        E: Into<Error>,
    {
        let function = self.reading(move |lua, value, ()| getter(lua, value));
        let getters = self.getters.get_or_insert_with(|| self.lua.create_table()).clone();
        self.put(&getters, name, function);
    }

    /// `value.name = x`.
    pub fn setter<A, E>(&mut self, name: &str, setter: impl Fn(&mut Context, &mut T, A) -> Result<(), E> + 'static)
    where
        A: FromLua,
        E: Into<Error>,
    {
        let function = self.changing(move |lua, value, new: A| setter(lua, value, new));
        let setters = self.setters.get_or_insert_with(|| self.lua.create_table()).clone();
        self.put(&setters, name, function);
    }

    /// A metamethod (`__add`, `__tostring`, …; manual §2.4) whose first operand is a value of this type. For an
    /// operator whose other operand may come first, see [`Class::metafunction`]. A `__index` or `__newindex` is asked
    /// where methods, getters and setters have no answer.
    pub fn metamethod<A, R, E>(&mut self, event: &str, method: impl Fn(&mut Context, &T, A) -> Result<R, E> + 'static)
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: Into<Error>,
    {
        let function = self.reading(method);
        let metatable = self.metatable.clone();
        self.put(&metatable, event, function);
    }

    /// A metamethod that gets all operands as they come.
    pub fn metafunction<A, R, E>(&mut self, event: &str, function: impl Fn(&mut Context, A) -> Result<R, E> + 'static)
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: Into<Error>,
    {
        let function = self.lua.function(function);
        let metatable = self.metatable.clone();
        self.put(&metatable, event, function);
    }

    fn reading<A, R, E>(&mut self, method: impl Fn(&mut Context, &T, A) -> Result<R, E> + 'static) -> Function
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: Into<Error>,
    {
        self.lua.function(move |lua, (receiver, arguments): (Rc<RefCell<T>>, A)| {
            let value = receiver.try_borrow().map_err(|_| Error::Borrowed(T::NAME))?;
            method(lua, &value, arguments).map_err(Into::into)
        })
    }

    fn changing<A, R, E>(&mut self, method: impl Fn(&mut Context, &mut T, A) -> Result<R, E> + 'static) -> Function
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: Into<Error>,
    {
        self.lua.function(move |lua, (receiver, arguments): (Rc<RefCell<T>>, A)| {
            let mut value = receiver.try_borrow_mut().map_err(|_| Error::Borrowed(T::NAME))?;
            method(lua, &mut value, arguments).map_err(Into::into)
        })
    }

    fn put(&mut self, table: &Table, name: &str, value: impl IntoLua) {
        if let Err(error) = table.raw_set(self.lua, name, value) {
            self.failure.get_or_insert(error);
        }
    }

    /// Decides what `__index` and `__newindex` are.
    fn finish(mut self) -> Result<()> {
        let (metatable, methods) = (self.metatable.clone(), self.methods.clone());
        self.put(&metatable, "__name", T::NAME);
        // A program must not change what all values of the type share.
        self.put(&metatable, "__metatable", T::NAME);
        let otherwise: Option<Function> = metatable.raw_get(self.lua, "__index")?;
        match (self.getters.take(), otherwise) {
            (None, None) => self.put(&metatable, "__index", methods),
            (getters, otherwise) => {
                let index = self.lua.function(move |lua, (receiver, key): (Value, Value)| {
                    if let Some(getters) = &getters
                        && let Some(getter) = getters.raw_get::<Option<Function>>(lua, key.clone())?
                    {
                        return getter.call(lua, receiver);
                    }
                    let method: Value = methods.raw_get(lua, key.clone())?;
                    match &otherwise {
                        Some(otherwise) if method.is_nil() => otherwise.call(lua, (receiver, key)),
                        _ => Ok(method),
                    }
                });
                self.put(&metatable, "__index", index);
            }
        }
        if let Some(setters) = self.setters.take() {
            let otherwise: Option<Function> = metatable.raw_get(self.lua, "__newindex")?;
            let index = self.lua.function(move |lua, (receiver, key, new): (Value, Value, Value)| {
                let setter: Option<Function> = setters.raw_get(lua, key.clone())?;
                match (setter, &otherwise) {
                    (Some(setter), _) => setter.call::<()>(lua, (receiver, new)),
                    (None, Some(otherwise)) => otherwise.call(lua, (receiver, key, new)),
                    (None, None) => {
                        Err(Error::message(format!("{} has no field '{}' to set", T::NAME, key.display(lua)?)))
                    }
                }
            });
            self.put(&metatable, "__newindex", index);
        }
        self.failure.map_or(Ok(()), Err)
    }
}

/// What a type's metatable and its table of methods are kept under.
#[derive(Clone)]
pub(crate) struct ClassTables {
    metatable: Table,
    methods: Table,
}

type Cell<T> = Quiet<Rc<RefCell<T>>>;

impl Context {
    /// Moves `value` into a new userdata.
    ///
    /// # Errors
    /// [`UserData::define`] is at fault: a metamethod's name is no key.
    pub fn create_userdata<T: UserData>(&mut self, value: T) -> Result<AnyUserData> {
        self.share_userdata(Rc::new(RefCell::new(value)))
    }

    /// A new userdata for a value that Rust code keeps too.
    ///
    /// # Errors
    /// As [`Context::create_userdata`].
    pub fn share_userdata<T: UserData>(&mut self, value: Rc<RefCell<T>>) -> Result<AnyUserData> {
        let metatable = self.class_tables::<T>()?.metatable;
        self.safepoint();
        let metatable = self.table(&metatable)?;
        let cell: Cell<T> = Quiet::new(value);
        let userdata = self.vm.new_userdata(Box::new(cell), Some(metatable));
        Ok(AnyUserData(self.root(userdata)))
    }

    /// The table with the functions and methods of a type: `lua.set_global("Point", lua.class::<Point>()?)` lets Lua
    /// call its constructors.
    ///
    /// # Errors
    /// As [`Context::create_userdata`].
    pub fn class<T: UserData>(&mut self) -> Result<Table> {
        Ok(self.class_tables::<T>()?.methods)
    }

    fn class_tables<T: UserData>(&mut self) -> Result<ClassTables> {
        if let Some(tables) = self.vm.embed.classes.get(&TypeId::of::<T>()) {
            return Ok(tables.clone());
        }
        let tables = ClassTables { metatable: self.create_table(), methods: self.create_table() };
        // Known before it is complete: a method's definition may make values of the type.
        self.vm.embed.classes.insert(TypeId::of::<T>(), tables.clone());
        let ClassTables { metatable, methods } = tables.clone();
        let mut class =
            Class { lua: self, metatable, methods, getters: None, setters: None, failure: None, of: PhantomData };
        T::define(&mut class);
        class.finish()?;
        Ok(tables)
    }
}

impl AnyUserData {
    /// The value, if it is of this type.
    ///
    /// # Errors
    /// [`Error::Conversion`] where it is of another.
    pub fn get<T: UserData>(&self, lua: &Context) -> Result<Rc<RefCell<T>>> {
        let userdata = self.0.value(&lua.vm)?;
        let cell = userdata.as_userdata().and_then(|object| {
            let cell = object.data.downcast_ref::<Cell<T>>();
            cell.map(|cell| cell.get().clone())
        });
        cell.ok_or_else(|| {
            Error::conversion(T::NAME, String::from_utf8_lossy(&lua.vm.type_name_of(userdata)).into_owned())
        })
    }

    /// Whether the value is of this type.
    pub fn is<T: UserData>(&self, lua: &Context) -> bool {
        self.get::<T>(lua).is_ok()
    }
}
