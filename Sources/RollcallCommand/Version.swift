internal import Glibc

/// Which program this is.
enum Version {
  /// As in CHANGELOG.md; between two releases that of the next one with `-dev` behind it. The Makefile and the packages
  /// read it from this line.
  static let number = "0.2.0-dev"

  /// The number with the commit: `0.2.0-dev (commit 0d71dbb2c9a4)`.
  static let text = "\(number) (commit \(commit ?? "unknown"))"

  /// The commit that the program was built of. `make` gives it to the linker as a symbol (Packaging/commit), so that a
  /// new commit compiles nothing anew; a plain `swift build` leaves it out.
  private static let commit: String? = {
    guard let symbol = unsafe dlsym(nil, "rollcall_commit") else { return nil }
    return unsafe String(cString: symbol.assumingMemoryBound(to: CChar.self))
  }()
}
