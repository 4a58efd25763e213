import { type HttpRequest, type HttpResponse, isHttp2, pathOf, sendJson } from "./http-message.ts";

/** Answers a path that nothing serves: in gRPC's terms to its clients, as JSON with 404 to all others. */
export function answerUnknownPath(request: HttpRequest, response: HttpResponse): void {
  const type = request.headers["content-type"] ?? "";
  if (isHttp2(response) && type.startsWith("application/grpc") && !type.startsWith("application/grpc-web")) {
    response.stream.respond(
      {
        ":status": 200,
        "content-type": "application/grpc",
        "grpc-status": "12",
        "grpc-message": "unknown method",
      },
      { endStream: true },
    );
    return;
  }
  const rpc = request.method === "POST";
  sendJson(response, 404, {
    code: rpc ? "unimplemented" : "not_found",
    message: rpc ? "unknown method" : `nothing is served at ${pathOf(request).slice(0, 100)}`,
  });
}
