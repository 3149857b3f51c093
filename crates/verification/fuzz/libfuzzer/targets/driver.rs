#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::targets::driver::run(input));
