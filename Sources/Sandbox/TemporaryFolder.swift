internal import Glibc
internal import Synchronization

/// A temporary folder under TMPDIR (or /tmp) for throwaway servers.
///
/// The processes started in it are ended, and the folder is removed, when `remove()` is called, when the last
/// reference to it is released, and when this process ends in any way, including SIGKILL.
public final class TemporaryFolder: Sendable {
  /// The absolute path. Every user may pass through it, only its owner may list it.
  public let path: String
  private let processReaper: ProcessReaper
  private let isRemoved = Mutex(false)

  public init() throws {
    var template = Array("\(Self.parent)/rollcall-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else {
      throw SandboxError.system(call: "mkdtemp in \(Self.parent)", code: errno)
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // A server that runs as another user must reach its own folder below.
    guard unsafe chmod(path, 0o711) == 0 else { throw SandboxError.system(call: "chmod", code: errno) }
    try Files.makeFolder(path + "/processes")
    try Files.makeFolder(path + "/outside")
    processReaper = try ProcessReaper(of: path)
  }

  static var parent: String {
    let set = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? ""
    return set.hasPrefix("/") ? set : "/tmp"
  }

  deinit { begin() }

  /// Runs `body` with a new folder, which is removed when this returns or throws.
  nonisolated(nonsending) public static func with<Result>(
    _ body: (TemporaryFolder) async throws -> Result
  ) async throws -> Result {
    let folder = try TemporaryFolder()
    do {
      let result = try await body(folder)
      await folder.remove()
      return result
    } catch {
      await folder.remove()
      throw error
    }
  }

  /// Ends the processes in the folder and removes it; returns when both are done.
  public func remove() async {
    begin()
    await processReaper.finished()
  }

  /// Writes a file into the folder; returns its path.
  @discardableResult
  public func write(_ text: String, to name: String, mode: UInt32 = 0o644) throws -> String {
    try Files.write(text, to: "\(path)/\(name)", mode: mode)
    return "\(path)/\(name)"
  }

  /// Creates the folder `name`, or `name-2`, `name-3` … if it exists; returns its path.
  func makeSubfolder(_ name: String) throws -> String {
    var candidate = "\(path)/\(name)"
    var number = 1
    while unsafe mkdir(candidate, 0o755) != 0 {
      if errno != EEXIST { throw SandboxError.system(call: "mkdir \(candidate)", code: errno) }
      number += 1
      candidate = "\(path)/\(name)-\(number)"
    }
    return candidate
  }

  /// Registers a file elsewhere that is removed with the folder, because a killed server leaves it behind.
  func takeAlong(_ file: String) throws {
    let name = file.split(separator: "/").joined(separator: "-")
    try Files.write(file + "\n", to: "\(path)/outside/\(name)")
  }

  private func begin() {
    let isFirst = isRemoved.withLock { removed in
      defer { removed = true }
      return !removed
    }
    if isFirst { processReaper.begin() }
  }
}
