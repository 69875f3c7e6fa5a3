//! Every form that an instruction can take.

use trinity_vm::{
    bytecode::{Hint, Op},
    table::ElementKind,
};

use crate::{
    instruction::{Form, Many, Rhs, Seen},
    intrinsic::Inline,
};

const HINTS: [Hint; 4] = [Hint::None, Hint::Int, Hint::Float, Hint::Any];

/// All forms.
pub fn forms() -> Vec<Form> {
    let mut forms = Vec::new();
    for op in Op::ALL {
        // `EXT` stands for the taking of ticks.
        if op.unquickened().0 == *op {
            of_op(*op, &mut forms);
        }
    }
    forms
}

fn of_op(op: Op, forms: &mut Vec<Form>) {
    let plain = Form::of(op);
    let mut each = |of: &dyn Fn(Form) -> Vec<Form>| forms.extend(of(plain));
    match op {
        Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Mod | Op::IDiv => each(&|form| hinted(form, &HINTS)),
        Op::SubK | Op::DivK => each(&|form| {
            [Rhs::Int, Rhs::Float].into_iter().flat_map(|rhs| hinted(Form { rhs, ..form }, &HINTS)).collect()
        }),
        Op::AddK | Op::MulK => each(&|form| {
            [Rhs::SmallInt, Rhs::Int, Rhs::Float]
                .into_iter()
                .flat_map(|rhs| hinted(Form { rhs, ..form }, &HINTS))
                .collect()
        }),
        Op::ModK | Op::IDivK => each(&|form| {
            let all = [Rhs::Int, Rhs::PowerOfTwo, Rhs::Unsuited];
            all.into_iter().flat_map(|rhs| hinted(Form { rhs, ..form }, &HINTS)).collect()
        }),
        Op::PowK => each(&|form| with_rhs(form, &[Rhs::Square, Rhs::Unsuited])),
        Op::BAndK | Op::BOrK | Op::BXorK => each(&|form| with_rhs(form, &[Rhs::SmallInt, Rhs::Int, Rhs::Unsuited])),
        Op::ShlK | Op::ShrK => each(&|form| with_rhs(form, &[Rhs::Left, Rhs::Right, Rhs::Unsuited])),
        Op::LoadI => each(&|form| with_rhs(form, &[Rhs::SmallInt])),
        Op::LoadF => each(&|form| with_rhs(form, &[Rhs::Float])),
        Op::LoadK | Op::LoadKX => each(&|form| with_rhs(form, &CONSTANTS)),
        Op::LoadNil => each(&|form| (0..=Form::SLOWLY).map(|count| Form { count, ..form }).collect()),
        Op::GetTabUp | Op::GetField | Op::SelfField => {
            each(&|form| named(form, &[Seen::Own, Seen::OwnMeta, Seen::Proto, Seen::ProtoOfStrings]))
        }
        Op::SetTabUp | Op::SetField => each(&|form| named(form, &[Seen::Own, Seen::OwnMeta, Seen::Add])),
        Op::GetTable | Op::GetI => each(&|form| arrays(form, &[false])),
        Op::SetTable | Op::SetI => each(&|form| arrays(form, &[false, true])),
        Op::Eq | Op::Test | Op::TestSet | Op::LtI | Op::LeI | Op::GtI | Op::GeI => each(&|form| flagged(&[form])),
        Op::Lt | Op::Le => each(&|form| flagged(&hinted(form, &HINTS))),
        Op::EqK => each(&|form| flagged(&with_rhs(form, &CONSTANTS))),
        Op::Call => each(&|form| {
            let given = [Many::Open, Many::Some];
            let all = |given| [Many::Open, Many::None, Many::Some].map(|wanted| Form { given, wanted, ..form });
            let functions = given.into_iter().flat_map(all);
            let several = functions.clone().map(|form| Form { seen: Seen::Several, ..form });
            let native = Form { seen: Seen::Native, ..form };
            functions.chain(several).chain(natives(native)).collect()
        }),
        Op::Return | Op::TailCall => each(&|form| {
            (0..=Form::INLINE_RESULTS as u8).chain([Form::SLOWLY]).map(|count| Form { count, ..form }).collect()
        }),
        // Decoded as `RETURN`.
        Op::Return0 | Op::Return1 => {}
        Op::Loop | Op::TForLoop => each(&|form| counted(&flagged(&[form]))),
        Op::ForLoop => each(&|form| counted(&flagged(&hinted(form, &[Hint::None, Hint::Int, Hint::Float])))),
        Op::TForCall => each(&|form| flagged(&hinted(form, &[Hint::None, Hint::Int]))),
        Op::VarArgPrep => each(&|form| {
            let kinds = [(true, Many::None), (false, Many::None), (false, Many::Some)];
            counted(&kinds.map(|(flag, given)| Form { flag, given, ..form }))
        }),
        _ => each(&|form| vec![form]),
    }
}

const CONSTANTS: [Rhs; 8] =
    [Rhs::Nil, Rhs::False, Rhs::True, Rhs::SmallInt, Rhs::Int, Rhs::Float, Rhs::ShortString, Rhs::LongString];

/// Calls of natives.
fn natives(form: Form) -> Vec<Form> {
    let mut forms = vec![form];
    for given in [Many::Open, Many::Some] {
        let wanted = [Many::Open, Many::None, Many::Some];
        forms.extend(wanted.map(|wanted| Form { inline: Inline::Plain, given, wanted, ..form }));
    }
    for inline in Inline::SINGLE {
        forms.extend([Many::Open, Many::Some].map(|wanted| Form { inline, wanted, ..form }));
    }
    forms.extend(flagged(&Inline::ITERATORS.map(|inline| Form { inline, ..form })));
    forms
}

fn hinted(form: Form, hints: &[Hint]) -> Vec<Form> {
    hints.iter().map(|hint| Form { hint: *hint, ..form }).collect()
}

fn with_rhs(form: Form, all: &[Rhs]) -> Vec<Form> {
    all.iter().map(|rhs| Form { rhs: *rhs, ..form }).collect()
}

fn flagged(forms: &[Form]) -> Vec<Form> {
    forms.iter().flat_map(|form| [false, true].map(|flag| Form { flag, ..*form })).collect()
}

/// With and without counting.
fn counted(forms: &[Form]) -> Vec<Form> {
    forms.iter().flat_map(|form| [0, Form::UNCOUNTED].map(|count| Form { count, ..*form })).collect()
}

/// By what caches of named fields have seen, alone or with other shapes.
fn named(form: Form, shapes: &[Seen]) -> Vec<Form> {
    let seen = |seen: &Seen| Form { seen: *seen, ..form };
    let mut forms = flagged(&shapes.iter().map(seen).collect::<Vec<_>>());
    forms.extend([Seen::Nothing, Seen::Mega].iter().map(seen));
    forms
}

/// By the kinds of array that have been seen, and whether stores have appended.
fn arrays(form: Form, appended: &[bool]) -> Vec<Form> {
    let kinds = [ElementKind::Int, ElementKind::Float, ElementKind::Tagged].map(|kind| 1_u8 << kind as u8);
    let mut forms = vec![form];
    for set in 1..1_u8 << kinds.len() {
        let kinds = (0..kinds.len()).filter(|index| set & 1 << index != 0).map(|index| kinds[index]).sum();
        forms.extend(appended.iter().map(|flag| Form { seen: Seen::Array, kinds, flag: *flag, ..form }));
    }
    forms
}
