internal import FoundationEssentials
internal import Glibc

/// Who runs a command, for the journal.
enum Person {
  /// `ada@host`: the user who has logged in, also behind sudo; by the environment and the host, which prove nothing.
  static func name(_ environment: [String: String]) -> String {
    let names = [environment["SUDO_USER"], account, environment["USER"]]
    let user = names.compactMap { $0 }.first { !$0.isEmpty } ?? "\(getuid())"
    return "\(user)@\(ProcessInfo.processInfo.hostName)"
  }

  /// The name of the process's user.
  private static var account: String? {
    guard let entry = unsafe getpwuid(getuid()), let name = unsafe entry.pointee.pw_name else { return nil }
    return unsafe String(cString: name)
  }
}
