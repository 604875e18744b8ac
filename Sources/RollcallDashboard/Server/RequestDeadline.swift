internal import NIOCore
internal import NIOHTTPTypes

/// Ends a connection whose request or response does not come to its end in time, whichever side is slow.
///
/// The idle timeout ends one that says nothing; a drop every second would keep it. And what a client still sends after
/// its request has been answered is taken for a moment only, and up to a size.
final class RequestDeadline: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// From a request's head to the end of its response.
  static let limit = TimeAmount.seconds(12)
  /// For what comes after an early answer.
  static let patience = TimeAmount.seconds(1)
  /// The octets that are taken after an early answer.
  static let mostIgnored = 16 << 20

  private var isReading = false
  /// The octets that have come after an early answer; nil before it.
  private var ignored: Int?
  private var timer: Scheduled<Void>?

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      isReading = true
      ignored = nil
      start(context, Self.limit)
    case .body(let octets):
      if let before = ignored {
        ignored = before + octets.readableBytes
        if before + octets.readableBytes > Self.mostIgnored { return context.close(promise: nil) }
      }
    case .end: isReading = false
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
    let written = promise ?? context.eventLoop.makePromise()
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    written.futureResult.whenComplete { _ in
      let (handler, context) = bound.value
      if handler.isReading {
        handler.ignored = 0
        handler.start(context, Self.patience)
      } else {
        handler.stop()
      }
    }
    context.writeAndFlush(data, promise: written)
  }

  func handlerRemoved(context: ChannelHandlerContext) { stop() }

  func channelInactive(context: ChannelHandlerContext) {
    stop()
    context.fireChannelInactive()
  }

  private func start(_ context: ChannelHandlerContext, _ time: TimeAmount) {
    stop()
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }

  private func stop() {
    timer?.cancel()
    timer = nil
  }
}
