"""A client of the contract in another language: Python's grpcio with what protoc generates.

Prints one JSON object with what each call gave. Arguments: the folder of generated code, the address.
"""

import json
import sys

import grpc

sys.path.insert(0, sys.argv[1])

from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from switchyard.v1 import content_pb2, gateway_service_pb2, routing_pb2  # noqa: E402

SERVICE = "/switchyard.v1.GatewayService/"


def chat_input(text):
    part = content_pb2.ContentPart(text=text)
    message = content_pb2.Message(role=content_pb2.ROLE_USER, parts=[part])
    return gateway_service_pb2.ChatInput(messages=[message])


def refused(method, request):
    try:
        method(request, timeout=30)
    except grpc.RpcError as error:
        return error_of(error)
    return None


def error_of(error):
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info):
            break
    types = [detail.type_url.split("/")[-1] for detail in status.details]
    return {"code": error.code().name, "reason": info.reason, "domain": info.domain, "details": types}


with grpc.insecure_channel(sys.argv[2]) as channel:
    chat = channel.unary_unary(
        SERVICE + "Chat",
        request_serializer=gateway_service_pb2.ChatRequest.SerializeToString,
        response_deserializer=gateway_service_pb2.ChatResponse.FromString,
    )
    chat_stream = channel.unary_stream(
        SERVICE + "ChatStream",
        request_serializer=gateway_service_pb2.ChatStreamRequest.SerializeToString,
        response_deserializer=gateway_service_pb2.ChatStreamResponse.FromString,
    )
    simple = routing_pb2.Target(tier=routing_pb2.TIER_SIMPLE)

    answer = chat(gateway_service_pb2.ChatRequest(target=simple, input=chat_input("Hello")), timeout=30)
    request = gateway_service_pb2.ChatStreamRequest(target=simple, input=chat_input("Hello"))
    events = list(chat_stream(request, timeout=30))
    unknown = routing_pb2.Target(model="openai/gpt-4l")

    print(
        json.dumps(
            {
                "text": "".join(part.text for part in answer.choices[0].message.parts),
                "model": answer.route.model,
                "nanos": answer.cost.nanos_usd,
                "trace": answer.route.trace_id,
                "events": [event.WhichOneof("event") for event in events],
                "streamed": "".join(event.delta.text for event in events),
                "unknown": refused(chat, gateway_service_pb2.ChatRequest(target=unknown, input=chat_input("Hi"))),
                "empty": refused(chat, gateway_service_pb2.ChatRequest(target=simple)),
            }
        )
    )
