import Sandbox
import Testing

extension Site {
  /// Makes a role that may read status and journal and ask the daemon, and with `acting` have it act; gives its name.
  func viewer(acting: Bool = false) async throws -> String {
    let role = "viewer_\(name)"
    try await sql("CREATE ROLE \(role) LOGIN")
    for variable in acting ? ["viewer", "operator"] : ["viewer"] {
      try await postgres.psqlFile(
        "\(Repository.root)/sql/grants.sql", variables: [variable: role], database: name)
    }
    return role
  }

  /// Asks the daemon with one of the functions and waits for the answer, as a page does.
  func heard(_ question: String, as role: String) async throws -> String {
    let number = try await postgres.psql("SELECT rollcall.\(question)", user: role, database: name)
    return try await soon("\(question) is answered") {
      try await postgres.psql("SELECT done, message, answer FROM rollcall.hear(\(number))", user: role, database: name)
    } is: {
      $0.hasPrefix("t|")
    }
  }
}
