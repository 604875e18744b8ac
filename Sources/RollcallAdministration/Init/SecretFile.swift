internal import Glibc

/// A file that nobody but its owner may read, and where its folder is a group's alone, that group.
enum SecretFile {
  /// False where it is there already, or cannot be made.
  static func make(_ path: String, _ bytes: [UInt8]) -> Bool {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor < 0 { return false }
    defer { close(descriptor) }
    let folder = path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) : "."
    var found = stat()
    if unsafe stat(folder.isEmpty ? "/" : folder, &found) == 0, found.st_mode & S_IRWXO == 0,
      found.st_mode & S_IXGRP != 0,
      fchown(descriptor, uid_t.max, found.st_gid) == 0
    {
      fchmod(descriptor, 0o640)
    }
    var rest = bytes + [UInt8(ascii: "\n")]
    while !rest.isEmpty {
      let count = unsafe write(descriptor, rest, rest.count)
      if count <= 0 { return false }
      rest.removeFirst(count)
    }
    return true
  }
}
