internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOPosix

/// HTTP/1.1 on one socket, with bounds on everything that a client decides.
struct WebServer: Sendable {
  typealias Respond = @Sendable (WebRequest) async -> WebResponse

  /// The most connections; what comes beyond waits in the socket's queue.
  static let mostConnections = 256
  /// A connection on which no request comes to its end for so long is closed.
  static let idle = TimeAmount.seconds(10)
  /// The octets of a form.
  static let longestBody = 64 * 1024

  var address: ListenAddress
  var protection: [(name: String, value: String)]
  var respond: Respond

  /// Serves until the process is told to end.
  ///
  /// - Parameter onListening: told when connections are taken, with the port; nil for a socket in the file system.
  func run(onListening: @escaping @Sendable (Int?) -> Void) async throws {
    let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
      maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100)
    let channel = HTTP1Channel.Configuration(
      additionalChannelHandlers: [RequestDeadline()], idleTimeout: Self.idle, httpDecoderConfiguration: decoder)
    let bind: BindAddress
    switch address {
    case .tcp(let host, let port): bind = .hostname(host, port: port)
    case .unix(let path):
      bind = .unixDomainSocket(path: path)
      // The socket is made with 0660: this process makes no other file.
      _ = umask(0o117)
    }
    let silent = Logger(label: "http") { _ in SwiftLogNoOpLogHandler() }
    let application = Application(
      responder: CallbackResponder<BasicRequestContext> { request, _ in try await self.answer(request) },
      server: .http1(configuration: channel),
      configuration: ApplicationConfiguration(
        address: bind, backlog: 512,
        availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections, logger: silent)),
      onServerRunning: { onListening($0.localAddress?.port) },
      eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)), logger: silent)
    try await application.runService()
  }

  private func answer(_ request: Request) async throws -> Response {
    var response: WebResponse
    do {
      response =
        if let known = try await WebRequest(request) { await respond(known) } else {
          WebResponse(400, "The request is malformed.\n")
        }
    } catch is NIOTooManyBytesError {
      response = WebResponse(413, "The request is longer than \(Self.longestBody / 1024) kB.\n")
      response.headers.append(("Connection", "close"))
    }
    var fields = HTTPFields()
    for (name, value) in response.headers + protection {
      guard let name = HTTPField.Name(name) else { continue }
      fields.append(HTTPField(name: name, value: value))
    }
    let body = ByteBuffer(string: response.body)
    fields[.contentLength] = "\(body.readableBytes)"
    return Response(
      status: .init(code: response.status), headers: fields,
      body: request.method == .head ? ResponseBody() : ResponseBody(byteBuffer: body))
  }
}

extension WebRequest {
  /// Reads the form of a POST; nil where the request is malformed.
  ///
  /// - Throws: `NIOTooManyBytesError` where the form is too long.
  fileprivate init?(_ request: Request) async throws {
    let target = (request.head.path ?? "").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard let path = target.first, let query = WebForm(parsing: target.count == 2 ? target[1] : "") else { return nil }
    var headers: [String: [String]] = [:]
    for field in request.headers { headers[field.name.canonicalName, default: []].append(field.value) }
    // HTTPTypes keeps Host apart.
    if let authority = request.head.authority { headers["host", default: []].append(authority) }
    let method: Method =
      switch request.method {
      case .get: .get
      case .head: .head
      case .post: .post
      default: .other(request.method.rawValue)
      }
    self.init(method: method, path: String(path), target: request.head.path ?? "", query: query, headers: headers)
    guard case .post = method else { return }
    if let length = header("content-length").flatMap({ Int($0) }), length > WebServer.longestBody {
      throw NIOTooManyBytesError(maxBytes: WebServer.longestBody)
    }
    let octets = try await request.body.collect(upTo: WebServer.longestBody)
    guard let text = String(validating: octets.readableBytesView, as: UTF8.self), let form = WebForm(parsing: text)
    else { return nil }
    body = form
  }
}
