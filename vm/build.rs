//! Says whether the interpreter may rely on sibling calls being jumps, which LLVM makes them when it optimises.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(threaded)");
    let optimised = std::env::var("OPT_LEVEL").is_ok_and(|level| level == "2" || level == "3");
    let x86_64_or_arm = std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64" || arch == "aarch64");
    if optimised && x86_64_or_arm {
        println!("cargo::rustc-cfg=threaded");
    }
}
