import { expect, test } from "vitest";
import { ApiError } from "../api/client";
import { errorItems, errorText } from "./errors";

const failed = (code: string, message: string) => new ApiError(409, code, message);

test("errors are told in the language of the page, with the server's words where they say what it is about", () => {
  expect(errorText("en", failed("NOT_FOUND", "there is no instance 7"))).toBe("There is no instance 7");
  expect(errorText("zh", failed("NOT_FOUND", "there is no instance 7"))).toBe("实例 7 不存在");
  expect(errorText("zh", failed("FORBIDDEN", "only for administrators"))).toBe("没有操作权限");
  expect(errorText("zh", failed("TOO_LARGE", "the body is larger than 10 bytes"))).toBe("请求内容过大");
  expect(errorText("zh", failed("INVALID_ARGUMENT", "'limit': -1"))).toBe("请求有误：'limit': -1");
  expect(errorText("zh", failed("QUITE_NEW", "something else"))).toBe("something else");
  expect(errorText("en", new ApiError(0, "UNREACHABLE", ""))).toBe("The server does not answer.");
});

test("objects of an error keep their names", () => {
  const error = new ApiError(409, "CONFLICT", "", [
    { id: 3, name: "A/C", status: "", reason: "changed by operation 5" },
  ]);
  expect(errorItems("zh", error)).toEqual([{ id: 3, name: "A/C", status: "", reason: "已被操作 5 修改" }]);
});
