//! Builds the web client and lists its files for `api/web.rs`.
//!
//! `MINIMOST_SKIP_WEB=1` embeds a small page instead, so that the server builds without Node.js.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

/// What the client is made of, below `web/`. Neither `node_modules` nor any output: they change by being built.
const SOURCES: &[&str] = &[
    "src",
    "static",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

const PLACEHOLDER: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>MiniMost</title>\
    <p>This server was built without its web client (MINIMOST_SKIP_WEB). The HTTP surface is complete: \
    see <a href='/openapi.json'>/openapi.json</a>.";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=MINIMOST_SKIP_WEB");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let web = Path::new("../../web").canonicalize();
    let is_skipped = env::var_os("MINIMOST_SKIP_WEB").is_some_and(|skip| skip != "0");
    let dist = out.join("web");
    match web {
        Ok(web) if !is_skipped && web.join("package.json").is_file() => build(&web, &dist)?,
        _ => {
            remove(&dist)?;
            fs::create_dir_all(&dist)?;
            fs::write(dist.join("index.html"), PLACEHOLDER)?;
        }
    }
    list(&dist, &out.join("web_files.rs"))
}

fn build(web: &Path, dist: &Path) -> io::Result<()> {
    for source in SOURCES.iter().map(|source| web.join(source)).filter(|source| source.exists()) {
        println!("cargo::rerun-if-changed={}", source.display());
    }
    // Two builds in one checkout (different profiles, an editor) share node_modules.
    let lock_file = web.join("package-lock.json");
    let lock = File::open(&lock_file)?;
    lock.lock()?;
    let installed = fs::metadata(web.join("node_modules/.package-lock.json"));
    let installed_at = installed.and_then(|stamp| stamp.modified());
    let is_fresh = installed_at.is_ok_and(|at| at >= modified(&lock_file));
    if !is_fresh {
        run(npm(web).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]));
    }
    remove(dist)?;
    run(npm(web).args(["exec", "--", "vite", "build", "--logLevel=warn", "--outDir"]).arg(dist));
    lock.unlock()
}

fn npm(web: &Path) -> Command {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(web);
    npm
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| {
        panic!(
            "npm cannot be run ({error}): install Node.js 20 or newer (https://nodejs.org), or set \
             MINIMOST_SKIP_WEB=1 to build the server without its web client"
        )
    });
    assert!(status.success(), "{command:?} failed; the web client cannot be built");
}

fn modified(path: &Path) -> std::time::SystemTime {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.expect("the lock file was just opened")
}

fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes `FILES`, sorted by path, for `include!`.
fn list(dist: &Path, target: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    let mut waiting = vec![dist.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.is_dir() { waiting.push(path) } else { files.push(path) }
        }
    }
    // Vite's step in vite.config.ts has put the compressed forms beside the files.
    files.retain(|path| !matches!(path.extension().and_then(OsStr::to_str), Some("gz" | "br")));
    let name = |path: &Path| {
        let inside = path.strip_prefix(dist).expect("found below dist");
        inside.to_str().expect("vite writes UTF-8 names").replace('\\', "/")
    };
    files.sort_by_key(|path| name(path));
    let mut out = File::create(target)?;
    writeln!(out, "const FILES: &[File] = &[")?;
    for path in files {
        let (inside, kind) = (name(&path), content_type(&path));
        let mut hasher = DefaultHasher::new();
        fs::read(&path)?.hash(&mut hasher);
        let etag = format!("\"{:016x}\"", hasher.finish());
        let [gzip, brotli] = ["gz", "br"].map(|ending| {
            let form = PathBuf::from(format!("{}.{ending}", path.display()));
            let bytes =
                form.is_file().then(|| format!("include_bytes!({:?})", form.display().to_string()));
            bytes.map_or("None".to_owned(), |bytes| format!("Some({bytes})"))
        });
        let bytes = path.display().to_string();
        writeln!(out, "    File {{")?;
        writeln!(out, "        path: {inside:?}, content_type: {kind:?}, etag: {etag:?},")?;
        writeln!(out, "        bytes: include_bytes!({bytes:?}), gzip: {gzip}, brotli: {brotli},")?;
        writeln!(out, "    }},")?;
    }
    writeln!(out, "];")
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
