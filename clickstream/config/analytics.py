"""The analytics service: where it listens, who may ask, and how much one question may cost."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings


class AnalyticsSettings(Settings):
    """Variables `CLICKSTREAM_ANALYTICS_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}ANALYTICS_")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8004, ge=0, lt=65_536, description="port to listen on; 0: any free one")
    grpc_port: int | None = Field(
        None, ge=0, lt=65_536, description="port of the catalogue's gRPC interface; unset: it is not offered"
    )
    tokens_file: Path = Field(description="YAML file of tokens; `clickstream token` writes it, changes count at once")
    pages: Path | None = Field(None, description="folder of the dashboard's built files; default: dashboard/dist")
    flink_page: str = Field(
        "", description="Flink's web UI as a browser reaches it; default: CLICKSTREAM_FLINK_REST_URL"
    )
    live_seconds: float = Field(1.0, gt=0, description="live values are sent to pages this often")
    figures_seconds: float = Field(5.0, gt=0, description="the figures of the overview are sent to pages this often")
    query_seconds: float = Field(20.0, gt=0, description="a query that takes longer is ended")
    query_rows: int = Field(50_000, gt=0, description="rows that a query may answer with")
    query_read_rows: int = Field(0, ge=0, description="rows that a query may read on the way; 0: any number")
    query_memory_bytes: int = Field(4 * 1024**3, gt=0, description="memory that a query may take on a server")
    cache_seconds: float = Field(5.0, ge=0, description="equal questions get the same answer for so long; 0: never")
    cache_entries: int = Field(1000, gt=0, description="answers that are kept at the most")
    mongo_seconds: float = Field(2.0, gt=0, description="patience with MongoDB, after which its counts are left out")
    dead_letter_records: int = Field(
        20_000, gt=0, description="records of a topic that one question about dead letters reads, the newest first"
    )
    dead_letter_seconds: float = Field(10.0, gt=0, description="that one question about dead letters takes at the most")
