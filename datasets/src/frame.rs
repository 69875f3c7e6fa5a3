//! Rows to a polars frame with exactly the columns of a [`Table`].

use polars::prelude::*;

use crate::{
    error::DataError,
    schema::{Dtype, Table},
};

/// One cell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(u64),
    Float(f64),
    Str(&'a str),
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Value::Null, Value::Str)
    }
}

impl From<Option<u64>> for Value<'_> {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Value::Null, Value::Int)
    }
}

impl From<Option<u32>> for Value<'_> {
    fn from(number: Option<u32>) -> Self {
        number.map(u64::from).into()
    }
}

impl From<Option<f64>> for Value<'_> {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Value::Null, Value::Float)
    }
}

enum Cells {
    Bool(BooleanChunkedBuilder),
    U8(PrimitiveChunkedBuilder<UInt8Type>),
    U32(PrimitiveChunkedBuilder<UInt32Type>),
    U64(PrimitiveChunkedBuilder<UInt64Type>),
    F32(PrimitiveChunkedBuilder<Float32Type>),
    F64(PrimitiveChunkedBuilder<Float64Type>),
    Str(StringChunkedBuilder),
}

/// Collects rows of one table.
pub(crate) struct Rows {
    table: Table,
    cells: Vec<Cells>,
    count: usize,
}

impl Rows {
    pub fn new(table: Table) -> Rows {
        let cells = table
            .columns()
            .iter()
            .map(|column| {
                let name = PlSmallStr::from_static(column.name);
                match column.dtype {
                    Dtype::Bool => Cells::Bool(BooleanChunkedBuilder::new(name, 0)),
                    Dtype::U8 => Cells::U8(PrimitiveChunkedBuilder::new(name, 0)),
                    Dtype::U32 => Cells::U32(PrimitiveChunkedBuilder::new(name, 0)),
                    Dtype::U64 => Cells::U64(PrimitiveChunkedBuilder::new(name, 0)),
                    Dtype::F32 => Cells::F32(PrimitiveChunkedBuilder::new(name, 0)),
                    Dtype::F64 => Cells::F64(PrimitiveChunkedBuilder::new(name, 0)),
                    Dtype::Str => Cells::Str(StringChunkedBuilder::new(name, 0)),
                }
            })
            .collect();
        Rows { table, cells, count: 0 }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// Appends a row: the value of each column, by its place and name; `None` for a name that the caller does not know.
    pub fn push<'a>(&mut self, value: impl Fn(usize, &str) -> Option<Value<'a>>) -> Result<(), DataError> {
        for (at, (column, cells)) in self.table.columns().iter().zip(&mut self.cells).enumerate() {
            let value = value(at, column.name);
            let fits = match value {
                Some(Value::Null) if !column.nullable => None,
                Some(value) => cells.append(value),
                None => None,
            };
            if fits.is_none() {
                let (table, name) = (self.table.name(), column.name);
                return Err(DataError::Internal(format!("row of table `{table}`: {value:?} in `{name}`")));
            }
        }
        self.count += 1;
        Ok(())
    }

    pub fn finish(self) -> Result<DataFrame, DataError> {
        let columns = self
            .cells
            .into_iter()
            .map(|cells| match cells {
                Cells::Bool(cells) => cells.finish().into_series().into(),
                Cells::U8(cells) => cells.finish().into_series().into(),
                Cells::U32(cells) => cells.finish().into_series().into(),
                Cells::U64(cells) => cells.finish().into_series().into(),
                Cells::F32(cells) => cells.finish().into_series().into(),
                Cells::F64(cells) => cells.finish().into_series().into(),
                Cells::Str(cells) => cells.finish().into_series().into(),
            })
            .collect();
        Ok(DataFrame::new(self.count, columns)?)
    }
}

impl Cells {
    /// `None` when the value does not fit the column.
    fn append(&mut self, value: Value<'_>) -> Option<()> {
        match (self, value) {
            (Self::Bool(cells), Value::Bool(value)) => cells.append_value(value),
            (Self::U8(cells), Value::Int(value)) => cells.append_value(u8::try_from(value).ok()?),
            (Self::U32(cells), Value::Int(value)) => cells.append_value(u32::try_from(value).ok()?),
            (Self::U64(cells), Value::Int(value)) => cells.append_value(value),
            (Self::F32(cells), Value::Float(value)) => cells.append_value(value as f32),
            (Self::F64(cells), Value::Float(value)) => cells.append_value(value),
            (Self::Str(cells), Value::Str(value)) => cells.append_value(value),
            (Self::Bool(cells), Value::Null) => cells.append_null(),
            (Self::U8(cells), Value::Null) => cells.append_null(),
            (Self::U32(cells), Value::Null) => cells.append_null(),
            (Self::U64(cells), Value::Null) => cells.append_null(),
            (Self::F32(cells), Value::Null) => cells.append_null(),
            (Self::F64(cells), Value::Null) => cells.append_null(),
            (Self::Str(cells), Value::Null) => cells.append_null(),
            _ => return None,
        }
        Some(())
    }
}
