internal import Glibc
internal import Subprocess
internal import SystemPackage

/// A shell that outlives whoever owns a temporary folder, ends what was started in it and removes it.
///
/// It waits for the end of a pipe whose other end only the owner holds. The owner closes it in order, exits,
/// crashes or is killed with SIGKILL: the kernel closes it in each case, so there is one way to clean up and
/// it is always taken. PR_SET_PDEATHSIG would not do: it is bound to the thread that forked, is cleared
/// when the user changes, does not reach PostgreSQL's children, and leaves the folder.
struct Undertaker: Sendable {
  /// Every process writes itself down as `processes/PID` before it starts: the signal that ends it, and its
  /// start time (proc(5), field 22), by which a number that now belongs to another process is told apart.
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
    children() { cat "/proc/$1/task/$1/children" 2>/dev/null; }
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
    rm -rf -- "$folder"
    """

  /// Ends when the folder is gone.
  private let shell: Task<Void, any Error>
  private let owned: FileDescriptor

  /// Starts the shell for `folder`, which must exist.
  init(of folder: String) throws {
    let (waiting, owned) = try FileDescriptor.pipe(options: .closeOnExec)
    self.owned = owned
    var options = PlatformOptions()
    // Out of the terminal's reach: an interrupt from the keyboard is for the owner alone.
    options.createSession = true
    shell = Task.detached { [options] in
      _ = try await Subprocess.run(
        .path("/bin/sh"), arguments: ["-c", Self.script, "undertaker", folder],
        environment: .custom(Command.keyed(Command.environment)), workingDirectory: "/",
        platformOptions: options,
        input: .fileDescriptor(waiting, closeAfterSpawningProcess: true), output: .discarded,
        error: .discarded)
    }
  }

  /// Tells it to begin. Called once.
  func begin() { try? owned.close() }

  /// Returns when it has ended.
  func finished() async { _ = try? await shell.value }
}
