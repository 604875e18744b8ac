/// The paths of Samba's domain controller.
struct SambaInstallation: Sendable {
  let program: String
  let tool: String
  /// The interpreter for which Samba's own modules are installed.
  let python: String

  static func find() throws -> SambaInstallation {
    let (program, tool, python) = ("/usr/sbin/samba", "/usr/bin/samba-tool", "/usr/bin/python3")
    guard Files.isExecutable(program), Files.isExecutable(tool), Files.isExecutable(python) else {
      throw SandboxError.missing(program: "samba", package: "samba samba-ad-dc samba-ad-provision")
    }
    return SambaInstallation(program: program, tool: tool, python: python)
  }
}
