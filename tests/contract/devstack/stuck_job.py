"""A job whose Python worker hangs in user code, as one in the middle of a long insert would."""

import time

from pyflink.common import Types, WatermarkStrategy
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.connectors.number_seq import NumberSequenceSource


def hang(number: int) -> int:
    time.sleep(3600)
    return number


def main() -> None:
    env = StreamExecutionEnvironment.get_execution_environment()
    env.set_parallelism(1)
    numbers = env.from_source(NumberSequenceSource(0, 10), WatermarkStrategy.no_watermarks(), "numbers", Types.LONG())
    numbers.uid("numbers").map(hang, Types.LONG()).uid("hang").name("hang").print().uid("print")
    env.execute_async("Stuck")


if __name__ == "__main__":
    main()
