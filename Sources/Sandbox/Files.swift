internal import Glibc
internal import SystemPackage

/// Reads and writes small files. Folders are passed as text, as everywhere in this target.
enum Files {
  static func read(_ path: String) throws(SandboxError) -> String {
    do {
      let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
      return try file.closeAfter {
        var bytes: [UInt8] = []
        // Files of /proc have no size: read until the end.
        while true {
          let chunk = unsafe try [UInt8](unsafeUninitializedCapacity: 16384) { buffer, count in
            count = try unsafe file.read(into: UnsafeMutableRawBufferPointer(buffer))
          }
          if chunk.isEmpty { return String(decoding: bytes, as: UTF8.self) }
          bytes += chunk
        }
      }
    } catch {
      throw .system(call: "read \(path)", code: (error as? Errno)?.rawValue ?? EIO)
    }
  }

  static func write(_ text: String, to path: String, mode: CInterop.Mode = 0o644) throws(SandboxError) {
    do {
      let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: FilePermissions(rawValue: mode))
      _ = try file.closeAfter { try file.writeAll(text.utf8) }
    } catch {
      throw .system(call: "write \(path)", code: (error as? Errno)?.rawValue ?? EIO)
    }
  }

  static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(SandboxError) {
    if unsafe mkdir(path, mode) != 0 { throw .system(call: "mkdir \(path)", code: errno) }
  }

  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
  static func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }
  static func remove(_ path: String) { _ = unsafe unlink(path) }

  /// The ldapi URL of a socket.
  static func socketURL(_ path: String) -> String {
    "ldapi://" + path.split(separator: "/").map { "%2F" + $0 }.joined()
  }

  /// The end of a log, for an error message.
  static func tail(_ path: String, characters: Int = 2000) -> String {
    String(((try? read(path)) ?? "(no log)").suffix(characters))
  }
}

extension Files {
  /// The names in a folder; empty if it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
