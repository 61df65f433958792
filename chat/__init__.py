"""The words of Convenor: what people do and what we answer, without any platform.

Standard library and Babel only; imports nothing of ours. Import the submodules (`chat.message`, `chat.text`, ...).
"""
