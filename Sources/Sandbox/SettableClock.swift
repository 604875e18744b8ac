internal import Glibc

/// The clock of a throwaway PostgreSQL, which can be set while it runs.
///
/// The library libfaketime, preloaded, adds to each time that the kernel returns what a file says. Clocks that only run
/// forward are left alone, as they are when a machine's clock is set.
public struct SettableClock: Sendable {
  private let library: String
  private let file: String

  /// A clock that shows the machine's time; its file is in `folder`.
  public static func make(in folder: TemporaryFolder) throws -> SettableClock {
    let folders = ["/usr/lib", "/usr/lib64"].flatMap { parent in
      [parent] + Files.names(in: parent).map { "\(parent)/\($0)" }
    }
    let library = folders.map { "\($0)/faketime/libfaketime.so.1" }.first(where: Files.exists)
    guard let library else { throw SandboxError.missing(program: "libfaketime.so.1", package: "libfaketime") }
    let clock = SettableClock(library: library, file: try folder.makeSubfolder("clock") + "/offset")
    try clock.set(ahead: 0)
    return clock
  }

  /// Sets it to so many seconds ahead of the machine's; negative: behind.
  public func set(ahead seconds: Int) throws {
    // In one step: the server reads the file whenever it asks for the time.
    try Files.write("\(seconds < 0 ? "" : "+")\(seconds)\n", to: file + ".new")
    if unsafe rename(file + ".new", file) != 0 { throw SandboxError.system(call: "rename \(file)", code: errno) }
  }

  /// The beginning of a command line that gives a program this clock. It is the program's user who must begin with it:
  /// the library makes files of its own, named for the process.
  var prefix: [String] {
    [
      "env", "LD_PRELOAD=\(library)", "FAKETIME_TIMESTAMP_FILE=\(file)", "FAKETIME_NO_CACHE=1",
      "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1",
    ]
  }

  /// What the library leaves behind where a process is killed.
  func leftovers(of pid: Int32) -> [String] { ["/dev/shm/faketime_shm_\(pid)", "/dev/shm/sem.faketime_sem_\(pid)"] }
}
