"""The REST API under `/api/v1`: what consoles, the command line and programs of users speak.

Routes are declared in tables (`routing`), from which the server is built (`app`) and the OpenAPI document is written (`openapi`). Requests and
answers are msgspec Structs; handlers are plain functions that run on threads.
"""
