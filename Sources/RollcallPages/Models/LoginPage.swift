/// `/login`: asks for the token; `POST /login` with `token`, `next` and `form`.
package struct LoginPage: Sendable {
  /// Why the last try was refused, as a sentence; nil at the first.
  package var complaint: String?
  /// The path that was asked for, to go on to. The server checks it again: it begins with one slash.
  package var next: String
  /// Against a form that another site sends; it may be empty where the same-origin check does for that.
  package var formToken: String

  package init(complaint: String? = nil, next: String = "/", formToken: String = "") {
    self.complaint = complaint
    self.next = next
    self.formToken = formToken
  }
}

/// Whatever could not be shown.
package struct ErrorPage: Sendable {
  /// Nil where nobody is logged in, or the database does not answer.
  package var frame: Frame?
  /// Of HTTP.
  package var status: Int
  /// What is wrong, as a sentence.
  package var message: String
  /// What to do about it, as a sentence or a command.
  package var remedy: String?

  package init(_ frame: Frame? = nil, status: Int, message: String, remedy: String? = nil) {
    self.frame = frame
    self.status = status
    self.message = message
    self.remedy = remedy
  }
}
