//! `find`, `match`, `gmatch`, `gsub`.

use std::rc::Rc;

use crate::{
    heap::Gc,
    interp::access::index,
    native::{Args, NativeResult, Throw},
    stdlib::{
        args::{Results, start_position},
        buffer::TextBuffer,
    },
    string::Str,
    text::pattern::{Anchoring, Capture, GlobalMatches, Match, Matcher, Pattern, PatternError, find_plain, is_plain},
    value::Value,
    vm::Vm,
};

fn raise(vm: &mut Vm, error: PatternError) -> Throw {
    vm.throw(error.to_string())
}

fn compiled(vm: &mut Vm, pattern: Gc<Str>, anchoring: Anchoring) -> Result<Rc<Pattern>, Throw> {
    vm.charge_bytes(pattern.len())?;
    Ok(vm.libraries.patterns.get(pattern.as_bytes(), pattern.hash(), anchoring))
}

/// What a search by `matcher` has found, paid for.
fn paid(
    vm: &mut Vm,
    matcher: &mut Matcher<'_>,
    found: Result<Option<Match>, PatternError>,
) -> Result<Option<Match>, Throw> {
    vm.charge(matcher.take_steps())?;
    found.map_err(|error| raise(vm, error))
}

/// A capture as a value.
fn capture_value(vm: &mut Vm, subject: &[u8], capture: Capture) -> Value {
    match capture {
        Capture::Range { start, end } => vm.heap.string(&subject[start..end]).into(),
        Capture::Position(at) => Value::int(at as i64 + 1),
    }
}

/// Appends the captures of a match: the match itself if the pattern has none and `whole` is set.
fn push_captures(
    vm: &mut Vm,
    matcher: &Matcher<'_>,
    subject: &[u8],
    found: Match,
    whole: bool,
    results: &mut Results,
) -> Result<(), Throw> {
    let count = if whole { matcher.capture_count() } else { matcher.written_captures() };
    for index in 0..count {
        match matcher.capture(index, found) {
            Ok(capture) => results.push(capture_value(vm, subject, capture)),
            Err(error) => return Err(raise(vm, error)),
        }
    }
    Ok(())
}

pub(super) fn find(vm: &mut Vm, args: Args) -> NativeResult {
    find_or_match(vm, args, true)
}

pub(super) fn match_(vm: &mut Vm, args: Args) -> NativeResult {
    find_or_match(vm, args, false)
}

fn find_or_match(vm: &mut Vm, args: Args, find: bool) -> NativeResult {
    let subject = vm.check_string(args, 0)?;
    let pattern = vm.check_string(args, 1)?;
    let subject = subject.as_bytes();
    let init = vm.opt_int(args, 2, 1)?;
    let from = start_position(init, subject.len()) - 1;
    if from > subject.len() {
        return vm.ret1(args, Value::NIL);
    }
    if find && (args.get(3).is_truthy() || is_plain(pattern.as_bytes())) {
        vm.charge_bytes(subject.len() - from)?;
        return match find_plain(subject, pattern.as_bytes(), from) {
            Some(at) => vm.ret(args, &[Value::int(at as i64 + 1), Value::int((at + pattern.len()) as i64)]),
            None => vm.ret1(args, Value::NIL),
        };
    }
    let pattern = compiled(vm, pattern, Anchoring::Caret)?;
    let mut matcher = Matcher::new(&pattern, subject);
    matcher.allow(vm.allowance());
    let found = matcher.find_from(from);
    let Some(found) = paid(vm, &mut matcher, found)? else { return vm.ret1(args, Value::NIL) };
    let mut results = Results::new();
    if find {
        results.push(Value::int(found.start as i64 + 1));
        results.push(Value::int(found.end as i64));
    }
    push_captures(vm, &matcher, subject, found, !find, &mut results)?;
    vm.ret(args, results.as_slice())
}

/// Upvalues of the iterator of `gmatch`.
mod iteration {
    pub const SUBJECT: usize = 0;
    pub const PATTERN: usize = 1;
    /// Offset of the next position to try.
    pub const AT: usize = 2;
    /// Where the latest match ended, -1 before the first.
    pub const LAST_END: usize = 3;
}

pub(super) fn gmatch(vm: &mut Vm, args: Args) -> NativeResult {
    let subject = vm.check_string(args, 0)?;
    let pattern = vm.check_string(args, 1)?;
    let init = vm.opt_int(args, 2, 1)?;
    let from = start_position(init, subject.len()) - 1;
    // A start behind the subject's end finds nothing.
    let from = from.min(subject.len() + 1);
    let state = [subject.into(), pattern.into(), Value::int(from as i64), Value::int(-1)];
    let iterator = vm.new_native_with("gmatch_iterator", gmatch_step, &state);
    vm.ret1(args, iterator)
}

fn gmatch_step(vm: &mut Vm, args: Args) -> NativeResult {
    let (Some(subject), Some(pattern)) =
        (args.upvalue(iteration::SUBJECT).as_string(), args.upvalue(iteration::PATTERN).as_string())
    else {
        return vm.ret0(args);
    };
    let subject = subject.as_bytes();
    let pattern = compiled(vm, pattern, Anchoring::None)?;
    let mut matcher = Matcher::new(&pattern, subject);
    let mut matches = GlobalMatches {
        at: args.upvalue(iteration::AT).raw_int() as usize,
        last_end: usize::try_from(args.upvalue(iteration::LAST_END).raw_int()).ok(),
    };
    matcher.allow(vm.allowance());
    let found = matches.next(&mut matcher);
    let Some(found) = paid(vm, &mut matcher, found)? else { return vm.ret0(args) };
    args.set_upvalue(vm, iteration::AT, Value::int(matches.at as i64));
    args.set_upvalue(vm, iteration::LAST_END, Value::int(found.end as i64));
    let mut results = Results::new();
    push_captures(vm, &matcher, subject, found, true, &mut results)?;
    vm.ret(args, results.as_slice())
}

pub(super) fn gsub(vm: &mut Vm, args: Args) -> NativeResult {
    let string = vm.check_string(args, 0)?;
    let pattern = vm.check_string(args, 1)?;
    let replacement = args.get(2);
    if replacement.is_number() {
        vm.check_string(args, 2)?;
    } else if !(replacement.is_string() || replacement.is_table() || replacement.is_function()) {
        return Err(vm.type_error(args, 2, "string/function/table"));
    }
    let replacement = args.get(2);
    let limit = vm.opt_int(args, 3, i64::MAX)?;
    let subject = string.as_bytes();
    let pattern = compiled(vm, pattern, Anchoring::Caret)?;
    let mut matcher = Matcher::new(&pattern, subject);
    let mut result = TextBuffer::default();
    match substitute(vm, &mut matcher, subject, replacement, limit, pattern.is_anchored(), &mut result) {
        Ok(0) => vm.ret(args, &[string.into(), Value::int(0)]),
        Ok(count) => {
            let result = result.into_string(vm);
            vm.ret(args, &[result, Value::int(count)])
        }
        Err(throw) => {
            result.release(vm);
            Err(throw)
        }
    }
}

/// The subject with up to `limit` matches replaced, and their number; nothing is written when there are none.
fn substitute(
    vm: &mut Vm,
    matcher: &mut Matcher<'_>,
    subject: &[u8],
    replacement: Value,
    limit: i64,
    once: bool,
    result: &mut TextBuffer,
) -> Result<i64, Throw> {
    let mut matches = GlobalMatches::from(0);
    let (mut copied, mut count) = (0, 0);
    while count < limit {
        matcher.allow(vm.allowance());
        let found = matches.next(matcher);
        let Some(found) = paid(vm, matcher, found)? else { break };
        if count == 0 {
            result.reserve(vm, subject.len())?;
            result.text.reserve(subject.len() + subject.len() / 8);
        }
        // The replacement before this one included, which was appended unasked.
        result.reserve(vm, found.start - copied)?;
        result.text.extend_from_slice(&subject[copied..found.start]);
        let before = result.text.len();
        replace(vm, matcher, subject, found, replacement, result)?;
        vm.charge_bytes(result.text.len() - before)?;
        copied = found.end;
        count += 1;
        if once {
            break;
        }
    }
    if count > 0 {
        result.reserve(vm, subject.len() - copied)?;
        result.text.extend_from_slice(&subject[copied..]);
    }
    Ok(count)
}

/// Appends what a match is replaced by.
fn replace(
    vm: &mut Vm,
    matcher: &Matcher<'_>,
    subject: &[u8],
    found: Match,
    replacement: Value,
    result: &mut TextBuffer,
) -> Result<(), Throw> {
    let value = if let Some(template) = replacement.as_string() {
        return expand(vm, matcher, subject, found, template.as_bytes(), result);
    } else if replacement.is_table() {
        let capture = matcher.capture(0, found).map_err(|error| raise(vm, error))?;
        let key = capture_value(vm, subject, capture);
        index(vm, replacement, key)?
    } else {
        let mut captures = Results::new();
        push_captures(vm, matcher, subject, found, true, &mut captures)?;
        vm.call1(replacement, captures.as_slice())?
    };
    if value.is_falsy() {
        result.text.extend_from_slice(&subject[found.start..found.end]);
    } else if let Some(text) = value.as_string() {
        result.text.extend_from_slice(text.as_bytes());
    } else if value.is_number() {
        vm.write_number(value, &mut result.text);
    } else {
        return Err(vm.throw(format!("invalid replacement value (a {})", value.type_name())));
    }
    Ok(())
}

/// Appends a replacement string, with `%0`…`%9` and `%%` resolved.
fn expand(
    vm: &mut Vm,
    matcher: &Matcher<'_>,
    subject: &[u8],
    found: Match,
    template: &[u8],
    result: &mut TextBuffer,
) -> Result<(), Throw> {
    let mut rest = template;
    while let Some(at) = memchr::memchr(b'%', rest) {
        result.reserve(vm, at + found.end - found.start)?;
        result.text.extend_from_slice(&rest[..at]);
        match rest.get(at + 1) {
            Some(b'%') => result.text.push(b'%'),
            Some(b'0') => result.text.extend_from_slice(&subject[found.start..found.end]),
            Some(digit @ b'1'..=b'9') => match matcher.capture((digit - b'1') as usize, found) {
                Ok(Capture::Range { start, end }) => result.text.extend_from_slice(&subject[start..end]),
                Ok(Capture::Position(at)) => vm.write_number(Value::int(at as i64 + 1), &mut result.text),
                Err(error) => return Err(raise(vm, error)),
            },
            _ => return Err(vm.throw("invalid use of '%' in replacement string")),
        }
        rest = &rest[at + 2..];
    }
    result.reserve(vm, rest.len())?;
    result.text.extend_from_slice(rest);
    Ok(())
}
