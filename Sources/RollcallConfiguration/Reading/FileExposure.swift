internal import Glibc
internal import YAML

/// The access of other users to a file that contains a secret.
struct FileExposure: Sendable {
  /// Checks a file; nil if it cannot be checked.
  typealias Look = @Sendable (String) -> FileExposure?

  /// Whether all users of the machine may read it.
  var isReadable = false
  /// Whether its group or all users may write to it.
  var isWritable = false

  static let ofFile: Look = { path in
    var found = stat()
    guard unsafe stat(path, &found) == 0 else { return nil }
    return FileExposure(
      isReadable: found.st_mode & S_IROTH != 0, isWritable: found.st_mode & (S_IWGRP | S_IWOTH) != 0)
  }

  /// The warning about the file; nil if nothing is wrong.
  func complaint(_ name: String) -> String? {
    if isReadable { return "everybody on this machine may read \(name): chmod o-rwx \(name)" }
    return isWritable ? "users other than its owner may write to \(name): chmod go-w \(name)" : nil
  }
}

extension ConfigurationReader {
  /// Warns if a file with a secret is accessible to others.
  func warnOfExposure(_ name: ConfiguredText, _ what: String) {
    guard let complaint = exposure(resolved(name.value))?.complaint("\"\(name.shown)\"") else { return }
    warning(name.mark, "\(name.path): \(what) is not secret: \(complaint)")
  }

  /// Warns if the configuration itself contains secrets, not the environment or a file, and is readable by others.
  func warnOfLiteralSecrets() {
    guard !literalSecrets.isEmpty, let found = exposure(file), found.isReadable else { return }
    for text in literalSecrets {
      warning(
        text.mark,
        "\(text.path): holds a password, and everybody on this machine may read \(file): chmod o-rwx \(file), or take it "
          + "from the environment (${NAME})")
    }
  }
}
