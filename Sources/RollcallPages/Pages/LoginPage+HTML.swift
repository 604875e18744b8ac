extension LoginPage {
  package var html: String {
    // A browser's store of passwords wants a user's name beside one. It has no name of a field, so it is not sent.
    let content: Markup = """
      <section class="door">
      <h1>Log in</h1>
      \(complaint.map(refusal))<form method="post" action="/login">
      <input type="hidden" name="form" value="\(exact: formToken)">
      <input type="hidden" name="next" value="\(exact: next)">
      <input class="hidden" autocomplete="username" value="Rollcall" readonly tabindex="-1" aria-hidden="true">
      <label>Token
      <input type="password" name="token" required autofocus autocomplete="current-password"></label>
      <button class="main">Log in</button>
      </form>
      <p class="quiet">The token is in the file that <code>--token-file</code> names. Without that option \
      <code>rollcall dashboard</code> printed one when it was started.</p>
      </section>
      """
    return Layout(title: "Log in", content: content).html
  }

  private func refusal(_ text: String) -> Markup {
    "<div class=\"notice failed\" role=\"alert\">\(Mark.alert.markup)<p>\(text)</p></div>\n"
  }
}

extension ErrorPage {
  package var html: String {
    let content: Markup = """
      <section class="door">
      <h1>\(title)</h1>
      <p>\(message)</p>
      \(Shown.fix(remedy))<p class="quiet">HTTP \(digits: status) · <a href="/">Now</a></p>
      </section>
      """
    return Layout(title: title, frame: frame, content: content).html
  }

  private var title: String {
    switch status {
    case 400: "The request is malformed"
    case 401, 403: "Not allowed"
    case 404: "Not found"
    case 405: "Method not allowed"
    case 409: "It has changed meanwhile"
    case 413: "Too large"
    case 429: "Too many requests"
    case 503, 504: "No answer"
    default: status < 500 ? "This cannot be done" : "Something failed"
    }
  }
}
