internal import Glibc

/// The version of this program.
package enum Version {
  /// As in CHANGELOG.md; between two releases that of the next one with the suffix `-dev`. The Makefile and the
  /// packages read it from this line.
  package static let number = "0.2.0-dev"

  /// The number with the commit: `0.2.0-dev (commit 0d71dbb2c9a4)`.
  package static let text = "\(number) (commit \(commit ?? "unknown"))"

  /// The commit that the program was built from. `make` passes it to the linker as a symbol (Packaging/commit), so
  /// that a new commit does not recompile anything; a plain `swift build` omits it.
  private static let commit: String? = {
    guard let symbol = unsafe dlsym(nil, "rollcall_commit") else { return nil }
    return unsafe String(cString: symbol.assumingMemoryBound(to: CChar.self))
  }()
}
