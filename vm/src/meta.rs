//! Metamethods: their names, and how a value's is found.

use crate::{
    heap::Gc,
    table::Table,
    value::{Value, tag},
    vm::Vm,
};

macro_rules! metas {
    ($($variant:ident $name:literal,)*) => {
        /// A metatable field with a meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Meta { $($variant,)* }
        impl Meta {
            pub const COUNT: usize = [$($name,)*].len();
            pub const fn names() -> [&'static str; Self::COUNT] { [$($name,)*] }
            pub const fn name(self) -> &'static str { Self::names()[self as usize] }
            /// The event, as error messages name it: without the underscores.
            pub fn event(self) -> &'static str { &self.name()[2..] }
        }
    };
}

metas! {
    Index "__index",
    NewIndex "__newindex",
    Call "__call",
    Eq "__eq",
    Lt "__lt",
    Le "__le",
    Len "__len",
    Concat "__concat",
    Unm "__unm",
    BNot "__bnot",
    Add "__add",
    Sub "__sub",
    Mul "__mul",
    Div "__div",
    Mod "__mod",
    Pow "__pow",
    IDiv "__idiv",
    BAnd "__band",
    BOr "__bor",
    BXor "__bxor",
    Shl "__shl",
    Shr "__shr",
    Gc "__gc",
    Close "__close",
    Mode "__mode",
    Name "__name",
    ToString "__tostring",
    Metatable "__metatable",
    Pairs "__pairs",
}

impl Vm {
    /// The metatable of any value.
    #[inline]
    pub fn metatable(&self, value: Value) -> Option<Gc<Table>> {
        match value.tag {
            tag::TABLE => value.table_unchecked().metatable(),
            tag::STRING => self.string_metatable,
            tag::USERDATA => value.userdata_unchecked().metatable,
            tag => self.type_metatables[tag as usize],
        }
    }

    /// Whether numbers may be shown otherwise than as numerals.
    #[inline]
    pub(crate) fn numbers_have_metatable(&self) -> bool {
        self.type_metatables[tag::INT as usize].is_some()
    }

    /// The metamethod of a value, or nil.
    #[inline]
    pub fn metamethod(&self, value: Value, meta: Meta) -> Value {
        match self.metatable(value) {
            Some(metatable) => metatable.get_str(self.meta_names[meta as usize]),
            None => Value::NIL,
        }
    }

    /// Sets the metatable of all values of a basic type that is neither table nor userdata.
    pub fn set_type_metatable(&mut self, tag: u8, metatable: Option<Gc<Table>>) {
        if let Some(metatable) = metatable {
            metatable.mark_proto(&mut self.heap);
        }
        match tag {
            tag::STRING => self.string_metatable = metatable,
            tag::FALSE | tag::TRUE => {
                self.type_metatables[tag::FALSE as usize] = metatable;
                self.type_metatables[tag::TRUE as usize] = metatable;
            }
            tag::INT | tag::FLOAT => {
                self.type_metatables[tag::INT as usize] = metatable;
                self.type_metatables[tag::FLOAT as usize] = metatable;
            }
            tag::CLOSURE | tag::NATIVE => {
                self.type_metatables[tag::CLOSURE as usize] = metatable;
                self.type_metatables[tag::NATIVE as usize] = metatable;
            }
            tag => self.type_metatables[tag as usize] = metatable,
        }
        self.heap.proto_epoch += 1;
    }

    /// Sets a table's metatable, with what `__gc` asks for.
    pub fn set_metatable(&mut self, table: Gc<Table>, metatable: Option<Gc<Table>>) {
        table.set_metatable(&mut self.heap, metatable);
        if let Some(metatable) = metatable
            && !metatable.get_str(self.meta_names[Meta::Gc as usize]).is_nil()
        {
            self.heap.register_finalizable(table.into());
        }
    }

    /// A userdata.
    pub fn new_userdata(&mut self, data: Box<dyn std::any::Any>, metatable: Option<Gc<Table>>) -> Value {
        let value = self.heap.userdata(data, metatable).into();
        if let Some(metatable) = metatable
            && !metatable.get_str(self.meta_names[Meta::Gc as usize]).is_nil()
        {
            self.heap.register_finalizable(value);
        }
        value
    }

    /// Name of a value's type for messages: `__name` of its metatable when that is a string.
    pub fn type_name_of(&self, value: Value) -> Vec<u8> {
        if (value.is_table() || value.tag == tag::USERDATA)
            && let Some(name) = self.metamethod(value, Meta::Name).as_string()
        {
            return name.as_bytes().to_vec();
        }
        if value.tag == tag::LIGHT { b"light userdata".to_vec() } else { value.type_name().as_bytes().to_vec() }
    }
}
