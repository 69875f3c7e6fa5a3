#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trinity_vm_fuzz::pack(data));
