import Testing

@testable import Postgres

@Suite struct RefusedConnectionTests {
  private static let head = "connection to server at \"127.0.0.1\", port 5432 failed: "

  @Test(
    arguments: [
      (
        head
          + "FATAL:  28P01: password authentication failed for user \"x\"\nLOCATION:  auth_failed, auth.c:326\n",
        "28P01",
        head + "FATAL:  password authentication failed for user \"x\""
      ),
      (
        head + "FATAL:  57P03: the database system is starting up\nDETAIL:  soon\n", "57P03",
        head + "FATAL:  the database system is starting up; DETAIL:  soon"
      ),
      (
        head + "Connection refused\n\tIs the server running on that host?\n", nil,
        head + "Connection refused (Is the server running on that host?)"
      ),
      // What has no address of its own: two lines explain.
      (
        "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n"
          + "\tbefore or while processing the request.\n", nil,
        "server closed the connection unexpectedly (This probably means the server terminated abnormally "
          + "before or while processing the request.)"
      ),
      (
        head + "Connection refused\n\tIs the server running on that host?\n" + head + "timeout expired\n", nil,
        head + "Connection refused (Is the server running on that host?); " + head + "timeout expired"
      ),
      // Several hosts: the last one's answer counts.
      (
        head + "Connection refused\n" + head + "KATASTROPHAL:  3D000: Datenbank »hr« existiert nicht\n",
        "3D000",
        head + "Connection refused; " + head + "KATASTROPHAL:  Datenbank »hr« existiert nicht"
      ),
      ("FATAL:  short", nil, "FATAL:  short"), (":  28P01", nil, ":  28P01"), ("", nil, ""),
    ] as [(String, String?, String)])
  func theStateIsReadFromTheText(_ text: String, _ state: String?, _ message: String) {
    let error = RefusedConnection.error(text)
    #expect(error.sqlState == state)
    #expect(error.message == message)
    #expect(error.kind == .connection && error.isConnectionLost)
  }
}
