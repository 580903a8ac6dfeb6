import { ApiError } from "../api/client";
import { itemText, reasonText } from "../operation/names";
import { inChinese } from "../operation/sentences";
import type { Language } from "../texts/language";
import { appTexts } from "./texts";

/** What errors of the API are in Chinese, by code. Those of refused operations are with the operations. */
const CODES_ZH: Record<string, string> = {
  UNAUTHORIZED: "登录已失效，请重新登录",
  WRONG_PASSWORD: "用户名或密码错误",
  TOO_MANY_ATTEMPTS: "尝试次数过多，请稍后再试",
  CSRF: "会话已变更，请刷新页面后重试",
  PLAN_CHANGED: "预览之后情况发生了变化，请重新预览",
  FILE_CHANGED: "文件夹中的文件已被修改",
  IDEMPOTENCY_KEY_REUSED: "该请求标识已用于另一请求",
  TOO_LARGE: "请求内容过大",
  TIMEOUT: "请求超时",
  TOO_MANY_LISTENERS: "实时更新的连接过多",
  FLOW_EXCEEDED: "请求过于频繁，请稍后再试",
  FEATURE_OFF: "该功能未启用",
};
/** The same, where the server's words say what exactly it is about: they stand behind it as they are. */
const DETAILED_ZH: Record<string, string> = {
  INVALID_ARGUMENT: "请求有误",
  INVALID_STATE: "当前状态不允许",
  INVALID_WORKSPACE: "定义有误",
  INVALID_PARTITION: "分区有误",
  INTERNAL_ERROR: "服务器内部错误",
  METHOD_NOT_ALLOWED: "不支持的请求方式",
  UNSUPPORTED_MEDIA_TYPE: "不支持的内容类型",
  OBJECT_EXISTS: "对象已存在",
  TABLE_EXISTS: "表已存在",
  NOT_TERMINATED: "实例尚未结束",
  QUOTA_EXCEEDED: "超过限额",
  PARSE_ERROR: "SQL 语法错误",
  SEMANTIC: "SQL 语义错误",
  NOT_SUPPORTED: "不支持",
  RUNTIME: "运行时错误",
  HTTP_ERROR: "请求失败",
};

/** What went wrong, in the language of the page. Names, and lines of code and logs, stay as they are. */
export function errorText(language: Language, error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  const { code, message } = error;
  if (code === "UNREACHABLE") return appTexts[language].unreachable;
  if (language === "zh" && inChinese(message) === null) {
    if (CODES_ZH[code]) return CODES_ZH[code];
    if (DETAILED_ZH[code]) return `${DETAILED_ZH[code]}：${message}`;
  }
  return reasonText(language, code, message);
}

/** The objects that it is about, with what is said of each. */
export function errorItems(language: Language, error: unknown) {
  if (!(error instanceof ApiError)) return undefined;
  return error.items.map((item) => ({ ...item, reason: itemText(language, item) }));
}
