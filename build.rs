//! Gives the shared library the name by which programs that link it will ask for it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // rustc records none on Linux, and on macOS the absolute path of the build folder.
    let name = match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux" | "android" | "freebsd" | "netbsd" | "openbsd") => "-Wl,-soname,libentrabulk.so",
        Ok("macos") => "-Wl,-install_name,@rpath/libentrabulk.dylib",
        _ => return,
    };
    println!("cargo::rustc-cdylib-link-arg={name}");
}
