//! `string.format`.

use crate::{
    native::{Args, NativeResult, Throw},
    text::{
        format::{
            Directive, FormatError, Piece, Pieces, floating, quoted_float, quoted_int, quoted_string, signed, text,
            unsigned,
        },
        number::write_int,
    },
    value::{Value, tag},
    vm::Vm,
};

/// Strings of at least this many bytes are never padded by `%s` without a precision: they pass through.
const LONG_STRING: usize = 100;

pub(super) fn format(vm: &mut Vm, args: Args) -> NativeResult {
    let format = vm.check_string(args, 0)?;
    let mut out = Vec::with_capacity(format.len() + 32);
    let mut index = 0;
    for piece in Pieces::new(format.as_bytes()) {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Directive(directive) => {
                index += 1;
                if !args.has(index) {
                    return Err(vm.arg_error(args, index, "no value"));
                }
                convert(vm, args, index, directive, &mut out)?;
                // The conversion has been appended unasked.
                vm.check_room(out.len().saturating_mul(2))?;
            }
        }
    }
    vm.charge_bytes(format.len() + out.len())?;
    let result = vm.new_string(out);
    vm.ret1(args, result)
}

fn raise(vm: &mut Vm, error: FormatError) -> Throw {
    vm.throw(error.message())
}

fn convert(vm: &mut Vm, args: Args, index: usize, directive: Directive<'_>, out: &mut Vec<u8>) -> Result<(), Throw> {
    let conversion = directive.conversion().map_err(|error| raise(vm, error))?.unwrap_or(0);
    let spec = |vm: &mut Vm, flags: &[u8], precise| directive.spec(flags, precise).map_err(|error| raise(vm, error));
    match conversion {
        b'd' | b'i' => {
            let value = vm.check_int(args, index)?;
            if directive.has_modifiers() {
                let spec = spec(vm, b"-+0 ", true)?;
                signed(out, value, &spec);
            } else {
                write_int(value, out);
            }
        }
        b'u' => {
            let value = vm.check_int(args, index)?;
            let spec = spec(vm, b"-0", true)?;
            unsigned(out, value as u64, conversion, &spec);
        }
        b'o' | b'x' | b'X' => {
            let value = vm.check_int(args, index)?;
            let spec = spec(vm, b"-#0", true)?;
            unsigned(out, value as u64, conversion, &spec);
        }
        b'c' => {
            let value = vm.check_int(args, index)?;
            let spec = spec(vm, b"-", false)?;
            text(out, &[value as u8], &spec);
        }
        b'a' | b'A' | b'e' | b'E' | b'f' | b'g' | b'G' => {
            let value = vm.check_float(args, index)?;
            let spec = spec(vm, b"-+ #0", true)?;
            floating(out, value, conversion, &spec);
        }
        b'p' => {
            let spec = spec(vm, b"-", false)?;
            let value = args.get(index);
            if value.is_heap() || value.tag == tag::LIGHT {
                let identity = vm.identity(value);
                text(out, format!("{identity:#x}").as_bytes(), &spec);
            } else {
                text(out, b"(null)", &spec);
            }
        }
        b'q' => {
            if directive.has_modifiers() {
                return Err(raise(vm, FormatError::QuoteModifiers));
            }
            quote(vm, args, index, out)?;
        }
        b's' => {
            let value = args.get(index);
            if !directive.has_modifiers() && value.is_number() && !vm.numbers_have_metatable() {
                vm.write_number(value, out);
                return Ok(());
            }
            let string = vm.to_display(value)?;
            if !directive.has_modifiers() {
                out.extend_from_slice(string.as_bytes());
                return Ok(());
            }
            if string.as_bytes().contains(&0) {
                return Err(vm.arg_error(args, index, "string contains zeros"));
            }
            let spec = spec(vm, b"-", true)?;
            if spec.precision.is_none() && string.len() >= LONG_STRING {
                out.extend_from_slice(string.as_bytes());
            } else {
                text(out, string.as_bytes(), &spec);
            }
        }
        _ => return Err(raise(vm, directive.unknown())),
    }
    Ok(())
}

/// `%q`: a literal that reads back as the value.
fn quote(vm: &mut Vm, args: Args, index: usize, out: &mut Vec<u8>) -> Result<(), Throw> {
    let value: Value = args.get(index);
    match value.tag {
        tag::STRING => quoted_string(out, value.string_unchecked().as_bytes()),
        tag::INT => quoted_int(out, value.raw_int()),
        tag::FLOAT => quoted_float(out, value.raw_float()),
        tag::NIL => out.extend_from_slice(b"nil"),
        tag::FALSE => out.extend_from_slice(b"false"),
        tag::TRUE => out.extend_from_slice(b"true"),
        _ => return Err(vm.arg_error(args, index, "value has no literal form")),
    }
    Ok(())
}
