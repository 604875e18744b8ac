internal import Glibc
internal import SystemPackage

/// A shell that outlives the owner of a temporary folder, ends the processes started in it and removes it.
///
/// It waits for the end of a pipe whose other end only the owner has. Whether the owner closes it, exits, crashes or
/// is killed with SIGKILL, the kernel closes it, so there is a single way to clean up and it is always taken.
/// PR_SET_PDEATHSIG would not do: it is bound to the thread that forked, is cleared when the user changes, does not
/// reach PostgreSQL's children, and leaves the folder.
struct ProcessReaper: Sendable {
  /// Every process is registered as `processes/PID` before it starts: the signal that ends it, and its start time
  /// (proc(5), field 22), which shows whether the number has been reused.
  static let register = """
    echo "$1 $(cut -d' ' -f22 /proc/$$/stat)" >"$0/processes/$$" || exit 126
    shift
    exec "$@"
    """

  private static let script = """
    folder=$1
    trap '' HUP INT QUIT TERM PIPE
    while read -r _; do :; done

    # lives PID START: whether it is still that process, and no zombie
    lives() {
      line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
      set -- "$2" ${line##*) }
      [ "$2" != Z ] && [ "$1" = "${21}" ]
    }
    # children PID: and their children, and so on
    children() {
      for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
        echo "$child"
        children "$child"
      done
    }
    each() {
      for file in "$folder"/processes/*; do
        [ -e "$file" ] && read -r signal start <"$file" || continue
        pid=${file##*/}
        lives "$pid" "$start" && "$@"
      done
    }
    finish() { kill -s "$signal" "$pid"; kill -s CONT "$pid" $(children "$pid"); }
    destroy() { below=$(children "$pid"); kill -s KILL "$pid" $below; }
    count() { living=1; }

    each finish 2>/dev/null
    tries=0
    while living=; each count; [ "$living" ] && [ $tries -lt 200 ]; do
      tries=$((tries + 1))
      sleep 0.025
    done
    each destroy 2>/dev/null
    for file in "$folder"/outside/*; do
      [ -e "$file" ] && read -r path <"$file" && rm -f -- "$path"
    done
    rm -rf -- "$folder"
    """

  private let owned: FileDescriptor
  private let ended: Latch

  /// Starts the shell for `folder`, which must exist; it is running when this returns.
  ///
  /// It uses plain posix_spawn: a task might have to wait for a busy process, and whatever was started in between
  /// would not be cleaned up.
  init(of folder: String) throws {
    let (waiting, owned) = try FileDescriptor.pipe(options: .closeOnExec)
    defer { try? waiting.close() }
    let pid: pid_t
    do {
      pid = try Self.spawn(["/bin/sh", "-c", Self.script, "processReaper", folder], input: waiting.rawValue)
    } catch {
      try? owned.close()
      throw error
    }
    let ended = Latch()
    (self.owned, self.ended) = (owned, ended)
    try OwnThread.start {
      var status: Int32 = 0
      while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
      ended.open()
    }
  }

  /// Starts the cleanup. Called once.
  func begin() { try? owned.close() }

  /// Returns when it has ended.
  func finished() async { await ended.wait() }

  /// In a process group of its own, separate from the terminal, and with no descriptor but its input.
  private static func spawn(_ words: [String], input: Int32) throws(SandboxError) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    // A copy of a socket would keep its connection open after this process has closed it.
    for descriptor: Int32 in 3..<1024 { unsafe posix_spawn_file_actions_addclose(&actions, descriptor) }

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // The mask is empty: the calling thread may have blocked signals.
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

    var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    var environment = unsafe Command.environment.map { unsafe strdup("\($0)=\($1)") } + [nil]
    defer {
      for index in unsafe arguments.indices { unsafe free(arguments[index]) }
      for index in unsafe environment.indices { unsafe free(environment[index]) }
    }
    var pid: pid_t = 0
    let code = unsafe posix_spawn(&pid, words[0], &actions, &attributes, &arguments, &environment)
    if code != 0 { throw .system(call: "posix_spawn \(words[0])", code: code) }
    return pid
  }
}
